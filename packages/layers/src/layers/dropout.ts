import type { LayerKind } from '../layer-kind.js';
import type { DropoutOperation } from '../operation.js';

export const dropout: LayerKind<DropoutOperation> = {
  className: 'Dropout',
  read(fields) {
    fields.unset(
      'seed',
      'would draw the same mask in every step; masks come from the generator that the run is given, so leave it out',
    );
    return {
      kind: 'dropout',
      rate: fields.number('rate', 0),
      noiseShape: fields.value('noiseShape') as (number | null)[] | undefined,
    };
  },
  torchType: ({ noiseShape }) => (noiseShape === undefined ? 'Dropout' : 'Dropout2d'),
};
