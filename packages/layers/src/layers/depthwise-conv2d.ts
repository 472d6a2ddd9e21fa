import type { LayerKind } from '../layer-kind.js';
import type { DepthwiseConvOperation } from '../operation.js';
import { biasUniform, kaimingUniform } from '../torch/initializers.js';
import { depthwiseKernel, plainVector } from '../torch/torch-weight.js';
import { ACTIVITY, imageOf } from './conv2d.js';

export const depthwiseConv2d: LayerKind<DepthwiseConvOperation> = {
  className: 'DepthwiseConv2D',
  read(fields) {
    fields.unset('activityRegularizer', ACTIVITY);
    // The constraint is read off the weight: the configuration shows the regularizer in its place.
    fields.free('depthwiseInitializer', 'depthwiseRegularizer', 'depthwiseConstraint');
    fields.free('useBias', 'biasInitializer', 'biasRegularizer', 'biasConstraint');
    const dilation = fields.pair('dilationRate');
    if (dilation[0] !== 1 || dilation[1] !== 1)
      throw fields.refuse(
        'dilationRate',
        'is not honoured by TensorFlow.js, which would convolve without it',
      );
    return {
      kind: 'depthwiseConv',
      multiplier: fields.number('depthMultiplier', 1),
      kernelSize: fields.pair('kernelSize'),
      activation: fields.activation(),
      ...fields.sliding(),
    };
  },
  torchType: () => 'Conv2d',
  order: imageOf,
  weights: {
    depthwise_kernel: { torch: depthwiseKernel, initial: kaimingUniform },
    bias: { torch: plainVector('bias'), initial: biasUniform },
  },
};
