import type { LayerKind } from '../layer-kind.js';
import type { ConvOperation, DataFormat } from '../operation.js';
import { biasUniform, kaimingUniform } from '../torch/initializers.js';
import { convKernel, plainVector } from '../torch/torch-weight.js';

/** Channels keep the order that the filters have. */
export const imageOf = ({ operation }: { operation: { readonly dataFormat: DataFormat } }) => ({
  kind: 'image' as const,
  dataFormat: operation.dataFormat,
});

/** TensorFlow.js stops at this field when a layer is applied, or passes over it when it is set later. */
export const ACTIVITY = 'is not honoured by TensorFlow.js, so it would change nothing';

export const conv2d: LayerKind<ConvOperation> = {
  className: 'Conv2D',
  read(fields) {
    fields.unset('activityRegularizer', ACTIVITY);
    fields.free('kernelInitializer', 'kernelRegularizer', 'kernelConstraint');
    fields.free('useBias', 'biasInitializer', 'biasRegularizer', 'biasConstraint');
    return {
      kind: 'conv',
      filters: fields.number('filters', 1),
      kernelSize: fields.pair('kernelSize'),
      dilation: fields.pair('dilationRate'),
      activation: fields.activation(),
      ...fields.sliding(),
    };
  },
  torchType: () => 'Conv2d',
  order: imageOf,
  weights: {
    kernel: { torch: convKernel, initial: kaimingUniform },
    bias: { torch: plainVector('bias'), initial: biasUniform },
  },
};
