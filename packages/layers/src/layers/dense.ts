import { VECTOR } from '../features/feature-order.js';
import type { LayerKind } from '../layer-kind.js';
import type { DenseOperation } from '../operation.js';
import { biasUniform, kaimingUniform } from '../torch/initializers.js';
import { linearKernel, plainVector } from '../torch/torch-weight.js';
import { ACTIVITY } from './conv2d.js';

export const dense: LayerKind<DenseOperation> = {
  className: 'Dense',
  read(fields) {
    fields.unset('activityRegularizer', ACTIVITY);
    fields.free('kernelInitializer', 'kernelRegularizer', 'kernelConstraint');
    fields.free('useBias', 'biasInitializer', 'biasRegularizer', 'biasConstraint');
    return { kind: 'dense', units: fields.number('units', 1), activation: fields.activation() };
  },
  torchType: () => 'Linear',
  order: ({ inputs: [input] }) => (input.kind === 'image' ? input : VECTOR),
  weights: {
    kernel: { torch: linearKernel, initial: kaimingUniform },
    bias: { torch: plainVector('bias'), initial: biasUniform },
  },
};
