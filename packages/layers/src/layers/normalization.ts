import type { LayerKind } from '../layer-kind.js';
import type { BatchNormOperation, LayerNormOperation } from '../operation.js';
import { constant } from '../torch/initializers.js';
import { perFeature } from '../torch/torch-weight.js';

export const batchNormalization: LayerKind<BatchNormOperation> = {
  className: 'BatchNormalization',
  read(fields) {
    fields.free('gammaInitializer', 'gammaRegularizer', 'gammaConstraint', 'scale');
    fields.free('betaInitializer', 'betaRegularizer', 'betaConstraint', 'center');
    fields.free('movingMeanInitializer', 'movingVarianceInitializer');
    return {
      kind: 'batchNorm',
      axis: fields.axis('axis', -1),
      epsilon: fields.number('epsilon', 1e-3),
      momentum: fields.number('momentum', 0.99),
    };
  },
  torchType: (_operation, rank) => (rank === 4 ? 'BatchNorm2d' : 'BatchNorm1d'),
  weights: {
    gamma: { torch: perFeature('weight'), initial: constant(1) },
    beta: { torch: perFeature('bias'), initial: constant(0) },
    moving_mean: { torch: perFeature('running_mean'), initial: constant(0) },
    moving_variance: { torch: perFeature('running_var'), initial: constant(1) },
  },
};

export const layerNormalization: LayerKind<LayerNormOperation> = {
  className: 'LayerNormalization',
  read(fields) {
    fields.free('gammaInitializer', 'gammaRegularizer', 'scale');
    fields.free('betaInitializer', 'betaRegularizer', 'center');
    const axis = fields.value('axis') ?? -1;
    const axes = (Array.isArray(axis) ? axis : [axis]) as number[];
    return {
      kind: 'layerNorm',
      axes: axes.map((one) => (one < 0 ? one + fields.rank : one)),
      epsilon: fields.number('epsilon', 1e-3),
    };
  },
  torchType: () => 'LayerNorm',
  weights: {
    gamma: { torch: perFeature('weight'), initial: constant(1) },
    beta: { torch: perFeature('bias'), initial: constant(0) },
  },
};
