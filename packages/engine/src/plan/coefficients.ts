import type { StageGraph, WeightRef } from './graph/stage.js';
import type { PlanMemory } from './memory.js';
import { affineOf, biasOf } from './post/affine.js';

/** Puts biases that no batch norm follows where the kernels read them. */
export function setBiases(graph: StageGraph, memory: PlanMemory): void {
  for (const stage of graph.stages) {
    const bias = biasOf(stage);
    if (affineOf(stage) === 'bias' && bias)
      memory.floats.set(memory.weight(bias), memory.buffersOf(stage).shift / 4);
  }
}

/** Folds every batch norm's running statistics into its scale and shift: for inference. */
export function setRunningNorms(graph: StageGraph, memory: PlanMemory): void {
  const { floats } = memory;
  for (const stage of graph.stages) {
    const { batchNorm } = stage;
    if (!batchNorm) continue;
    const buffers = memory.buffersOf(stage);
    const weight = (ref: WeightRef | undefined) => ref && memory.weight(ref);
    const gamma = weight(batchNorm.gamma);
    const beta = weight(batchNorm.beta);
    const mean = memory.weight(batchNorm.movingMean);
    const variance = memory.weight(batchNorm.movingVariance);
    const bias = weight(biasOf(stage));
    for (let c = 0; c < stage.raw.channels; c++) {
      const scale = (gamma?.[c] ?? 1) / Math.sqrt(variance[c] + batchNorm.epsilon);
      const centre = mean[c] - (bias?.[c] ?? 0);
      floats[buffers.mean / 4 + c] = centre;
      floats[buffers.scale / 4 + c] = scale;
      // What the float32 mean leaves out goes into the shift.
      floats[buffers.shift / 4 + c] = (beta?.[c] ?? 0) - (centre - Math.fround(centre)) * scale;
    }
  }
}
