import type { StageGraph } from './graph/stage.js';
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
