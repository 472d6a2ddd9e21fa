import type { StageBuffers } from '../context.js';
import type { Stage, WeightRef } from '../graph/stage.js';
import { affineOf, biasOf } from '../post/affine.js';
import { kernelRefOf } from './stages.js';

/** Where a stage's folded weights go. */
export type FoldedWeights =
  | {
      readonly stage: Stage;
      readonly shifts: number;
      /** Rows of output channels, `[...][input channel][output channel]`. */
      readonly weights: number;
      /** Floats from one row to the next. */
      readonly rowFloats: number;
      /** Input channels for which there is room. */
      readonly inputs: number;
    }
  /** A stage whose readers do what follows its producer. */
  | { readonly stage: Stage; readonly buffers: StageBuffers };

type Weight = (ref: WeightRef) => Float32Array;

/** What a stage does to a channel before the activation, `scale * (y - centre) + shift`, in float64. */
function affine(stage: Stage, weight: Weight) {
  const { batchNorm } = stage;
  const { channels } = stage.raw;
  const ref = biasOf(stage);
  const bias = ref && weight(ref);
  const scale = new Float64Array(channels).fill(1);
  const centre = new Float64Array(channels);
  const shift = new Float64Array(channels);
  if (!batchNorm) {
    if (bias) shift.set(bias);
    return { scale, centre, shift };
  }
  const gamma = batchNorm.gamma && weight(batchNorm.gamma);
  const beta = batchNorm.beta && weight(batchNorm.beta);
  const mean = weight(batchNorm.movingMean);
  const variance = weight(batchNorm.movingVariance);
  for (let c = 0; c < channels; c++) {
    scale[c] = (gamma?.[c] ?? 1) / Math.sqrt(variance[c] + batchNorm.epsilon);
    centre[c] = mean[c] - (bias?.[c] ?? 0);
    shift[c] = beta?.[c] ?? 0;
  }
  return { scale, centre, shift };
}

/** Folds batch norms, with their running statistics, into weights and shifts. */
export function foldWeights(folded: readonly FoldedWeights[], floats: Float32Array, weight: Weight): void {
  for (const one of folded) {
    const { stage } = one;
    const { scale, centre, shift } = affine(stage, weight);
    if ('buffers' in one) {
      if (affineOf(stage) === 'none') continue;
      const { buffers } = one;
      for (const [c, value] of scale.entries()) {
        floats[buffers.scale / 4 + c] = value;
        floats[buffers.mean / 4 + c] = centre[c];
        // What the float32 mean leaves out goes into the shift.
        floats[buffers.shift / 4 + c] = shift[c] - (centre[c] - Math.fround(centre[c])) * value;
      }
      continue;
    }
    for (const [c, value] of scale.entries()) floats[one.shifts / 4 + c] = shift[c] - centre[c] * value;
    const kernel = weight(kernelRefOf(stage));
    const { channels } = stage.raw;
    const inputs = stage.inputs[0].shape.channels;
    for (let row = 0; row < kernel.length / channels; row++) {
      const place = Math.floor(row / inputs) * one.inputs + (row % inputs);
      const to = one.weights / 4 + place * one.rowFloats;
      for (let c = 0; c < channels; c++) floats[to + c] = kernel[row * channels + c] * scale[c];
    }
  }
}
