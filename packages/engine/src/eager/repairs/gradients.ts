import * as tf from '@tensorflow/tfjs-core';
import { scatterBilinear, scatterNearest } from './resize.js';

/**
 * Gradients that TensorFlow.js 4.22 has wrong or lacks, by the operation that they belong to.
 *
 * They are made of operations that every backend has.
 */
export const gradientRepairs: readonly tf.GradConfig[] = [
  averagePool('AvgPool', (x, { filterSize, strides, pad, dimRoundingMode }) => {
    const info = tf.backend_util.computePool2DInfo(
      x as [number, number, number, number],
      filterSize as number,
      strides as number,
      1,
      pad,
      dimRoundingMode,
    );
    const { padInfo } = info;
    return [
      counts(info.inHeight, info.outHeight, info.filterHeight, info.strideHeight, padInfo.top),
      counts(info.inWidth, info.outWidth, info.filterWidth, info.strideWidth, padInfo.left),
    ];
  }),
  averagePool('AvgPool3D', (x, { filterSize, strides, pad, dimRoundingMode }) => {
    const info = tf.backend_util.computePool3DInfo(
      x as [number, number, number, number, number],
      filterSize as number,
      strides as number,
      1,
      pad,
      dimRoundingMode,
    );
    const { padInfo } = info;
    return [
      counts(info.inDepth, info.outDepth, info.filterDepth, info.strideDepth, padInfo.front),
      counts(info.inHeight, info.outHeight, info.filterHeight, info.strideHeight, padInfo.top),
      counts(info.inWidth, info.outWidth, info.filterWidth, info.strideWidth, padInfo.left),
    ];
  }),
  // Several equal extremes would each take the whole gradient. The first takes it, as in max pooling.
  extreme('Max', (rows) => tf.argMax(rows, 1)),
  extreme('Min', (rows) => tf.argMin(rows, 1)),
  // Equal values share the gradient, as in PyTorch; stock gradients do not fit inputs that are broadcast.
  larger('Maximum', tf.greater),
  larger('Minimum', tf.less),
  // The slope at 0 is 0, as in PyTorch, and not -1: of L1 regularizers above all.
  {
    kernelName: 'Abs',
    inputsToSave: ['x'],
    // Two steps, because the sign of the wasm backend is 0 up to 1.2e-7.
    gradFunc: (dy, [x]) => ({ x: () => tf.mul(dy as tf.Tensor, tf.sub(tf.step(x), tf.step(tf.neg(x)))) }),
  },
  // ThresholdedReLU multiplies by a comparison, which has no gradient.
  {
    kernelName: 'Greater',
    inputsToSave: ['a', 'b'],
    gradFunc: (_, saved) => ({ a: () => tf.zerosLike(saved[0]), b: () => tf.zerosLike(saved[1]) }),
  },
  // The cpu backend's kernels mix up height and width.
  resize('ResizeNearestNeighbor', scatterNearest),
  resize('ResizeBilinear', scatterBilinear),
];

interface PoolAttributes {
  readonly filterSize: number | number[];
  readonly strides: number | number[];
  readonly pad: 'valid' | 'same' | number;
  readonly dimRoundingMode?: 'floor' | 'round' | 'ceil';
}

/** For each window along one dimension, `filter / pixels`: how much more a pixel weighs where padding does not. */
function counts(size: number, out: number, filter: number, stride: number, before: number): number[] {
  return Array.from({ length: out }, (_, i) => {
    const start = i * stride - before;
    return filter / (Math.min(start + filter, size) - Math.max(start, 0));
  });
}

/**
 * The stock gradient divides by the whole window, the stock average by the pixels that lie in the image.
 *
 * @param sharesOf The shares of {@link counts} along each dimension of space.
 */
function averagePool(
  kernelName: string,
  sharesOf: (inputShape: number[], attributes: PoolAttributes) => number[][],
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => {
      const [input] = saved;
      const attributes = attrs as unknown as PoolAttributes;
      return {
        x: () => {
          const shares = sharesOf(input.shape, attributes);
          let scaled = dy as tf.Tensor;
          for (const [i, share] of shares.entries()) {
            if (share.every((one) => one === 1)) continue;
            const wide = scaled.shape.map((length, axis) => (axis === i + 1 ? length : 1));
            scaled = tf.mul(scaled, tf.tensor(share, wide));
          }
          return tf.engine().runKernel(`${kernelName}Grad`, { dy: scaled, input }, attrs) as tf.Tensor;
        },
      };
    },
  };
}

/** @param find Where the extreme of each row lies, the first of equals. */
function extreme(kernelName: string, find: (rows: tf.Tensor2D) => tf.Tensor): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['x'],
    gradFunc: (dy, saved, attrs) => {
      const [x] = saved;
      const { reductionIndices } = attrs as { reductionIndices: number | number[] };
      const reduced = tf.util.parseAxisParam(reductionIndices, x.shape);
      return {
        x: () => {
          const kept = x.shape.map((_, i) => i).filter((i) => !reduced.includes(i));
          const order = [...kept, ...reduced];
          const shape = order.map((i) => x.shape[i]);
          const length = reduced.reduce((product, i) => product * x.shape[i], 1);
          if (length === 1) return tf.reshape(dy as tf.Tensor, x.shape);
          const rows = tf.reshape(tf.transpose(x, order), [-1, length]) as tf.Tensor2D;
          const chosen = tf.oneHot(tf.cast(find(rows), 'int32'), length);
          const spread = tf.mul(tf.cast(chosen, 'float32'), tf.reshape(dy as tf.Tensor, [-1, 1]));
          const back = order.map((_, i) => order.indexOf(i));
          return tf.transpose(tf.reshape(spread, shape), back);
        },
      };
    },
  };
}

/** @param wins Whether the first of two values is the one that is taken. */
function larger(kernelName: string, wins: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['a', 'b'],
    gradFunc: (dy, saved) => {
      const [a, b] = saved;
      const share = (one: tf.Tensor, other: tf.Tensor) => () => {
        const half = tf.mul(tf.cast(tf.equal(one, other), 'float32'), 0.5);
        const part = tf.add(tf.cast(wins(one, other), 'float32'), half);
        return sumTo(tf.mul(dy as tf.Tensor, part), one.shape);
      };
      return { a: share(a, b), b: share(b, a) };
    },
  };
}

/** Sums over the dimensions along which a tensor of `shape` was broadcast. */
function sumTo(x: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, x.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(x, axes) : x, shape);
}

function resize(
  kernelName: string,
  scatter: (dy: tf.Tensor4D, shape: number[], attributes: tf.NamedAttrMap) => tf.Tensor,
): tf.GradConfig {
  return {
    kernelName,
    inputsToSave: ['images'],
    gradFunc: (dy, saved, attrs) => ({
      images: () => scatter(dy as tf.Tensor4D, saved[0].shape, attrs),
    }),
  };
}
