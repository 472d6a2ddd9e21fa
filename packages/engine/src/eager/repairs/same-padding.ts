import * as tf from '@tensorflow/tfjs-core';

interface Attributes {
  readonly strides: [number, number] | number;
  readonly dilations: [number, number] | number;
  readonly pad: 'valid' | 'same' | number | tf.backend_util.ExplicitPadding;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

type Shape4D = [number, number, number, number];

/**
 * A convolution of TensorFlow.js's wasm backend that knows how "same" pads where strides step over pixels.
 *
 * Its own (4.22) leaves zeros where the last row or column lies behind the last window, as it can where a
 * kernel is smaller than its stride. The same padding in numbers is understood.
 */
export function samePadding({ kernelName, kernelFunc }: tf.KernelConfig): tf.KernelFunc {
  const depthwise = kernelName.includes('Depthwise');
  return (call) => {
    const { strides, dilations, pad, dimRoundingMode } = call.attrs as unknown as Attributes;
    if (pad !== 'same') return kernelFunc(call);
    const { x, filter } = call.inputs as Record<string, tf.TensorInfo>;
    const { padInfo } = tf.backend_util.computeConv2DInfo(
      x.shape as Shape4D,
      filter.shape as Shape4D,
      strides,
      dilations ?? 1,
      pad,
      dimRoundingMode,
      depthwise,
    );
    const { top, bottom, left, right } = padInfo;
    const explicit: tf.backend_util.ExplicitPadding = [
      [0, 0],
      [top, bottom],
      [left, right],
      [0, 0],
    ];
    const attrs = { ...(call.attrs as object), pad: explicit } as unknown as tf.NamedAttrMap;
    return kernelFunc({ ...call, attrs });
  };
}
