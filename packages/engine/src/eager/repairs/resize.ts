import * as tf from '@tensorflow/tfjs-core';

/** How an operation that resizes images was called. */
interface Grid {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

/** The pixels that one new row or column is made of, with their weights. */
type Sources = readonly (readonly [at: number, weight: number])[];

/** The gradient of `tf.image.resizeNearestNeighbor`, `n x height x width x channels`. */
export function scatterNearest(dy: tf.Tensor4D, shape: number[], attributes: tf.NamedAttrMap): tf.Tensor {
  const grid = attributes as unknown as Grid;
  return scatter(dy, shape, (i, size, out) => {
    const at = scaleOf(grid, size, out) * (i + (grid.halfPixelCenters ? 0.5 : 0));
    const nearest = grid.alignCorners ? Math.round(at) : Math.floor(at);
    return [[Math.min(size - 1, Math.max(0, nearest)), 1]];
  });
}

/** The gradient of `tf.image.resizeBilinear`, `n x height x width x channels`. */
export function scatterBilinear(dy: tf.Tensor4D, shape: number[], attributes: tf.NamedAttrMap): tf.Tensor {
  const grid = attributes as unknown as Grid;
  return scatter(dy, shape, (i, size, out) => {
    const scale = scaleOf(grid, size, out);
    const at = Math.max(0, grid.halfPixelCenters ? scale * (i + 0.5) - 0.5 : scale * i);
    const low = Math.min(size - 1, Math.floor(at));
    return [
      [low, 1 - (at - low)],
      [Math.min(size - 1, Math.ceil(at)), at - low],
    ];
  });
}

function scaleOf({ alignCorners }: Grid, size: number, out: number): number {
  return alignCorners && out > 1 ? (size - 1) / (out - 1) : size / out;
}

/** Hands every new pixel's gradient to the pixels that it was made of, first along rows and then along columns. */
function scatter(
  dy: tf.Tensor4D,
  shape: number[],
  sourcesOf: (i: number, size: number, out: number) => Sources,
): tf.Tensor {
  return [1, 2].reduce<tf.Tensor>((gradient, axis) => {
    const size = shape[axis];
    const out = gradient.shape[axis];
    const weights = new Float32Array(out * size);
    for (let i = 0; i < out; i++)
      for (const [at, weight] of sourcesOf(i, size, out)) weights[i * size + at] += weight;
    // The axis last, so that the sum over new pixels is a product of matrices.
    const order = [0, 1, 2, 3].filter((i) => i !== axis).concat(axis);
    const turned = tf.transpose(gradient, order);
    const product = tf.matMul(tf.reshape(turned, [-1, out]), tf.tensor2d(weights, [out, size]));
    const back = order.map((_, i) => order.indexOf(i));
    return tf.transpose(tf.reshape(product, [...turned.shape.slice(0, 3), size]), back);
  }, dy);
}
