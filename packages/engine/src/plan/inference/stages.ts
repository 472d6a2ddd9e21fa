import type { ConvProducer, Stage, StageGraph, WeightRef } from '../graph/stage.js';
import { isWinograd } from '../producers/winograd/conv.js';

/**
 * Which kernel makes a stage in inference. All but `other` write what readers see, batch norm folded into their
 * weights; `other` is the producer of training, whose raw tensor readers finish on their way in.
 */
export type InferenceKernel = 'input' | 'winograd' | 'direct' | 'dense' | 'other';

/** A stage as inference runs it: without dropout. */
export interface InferenceStage {
  readonly kernel: InferenceKernel;
  /** What makes it, and the chain behind; its inputs are what the others leave for readers. */
  readonly made: Stage;
  /** What readers find stored. */
  readonly seen: Stage;
}

/** The stages of a model as inference runs them, in the same order. */
export function inferenceStages({ stages }: StageGraph): InferenceStage[] {
  const done: InferenceStage[] = [];
  for (const stage of stages) {
    const made: Stage = {
      ...stage,
      producer: stage.producer.kind === 'elementDropout' ? { kind: 'identity' } : stage.producer,
      inputs: stage.inputs.map(({ index }) => done[index].seen),
      dropout: undefined,
    };
    const kernel = kernelOf(made);
    done.push({ kernel, made, seen: kernel === 'other' || kernel === 'input' ? made : finished(made) });
  }
  return done;
}

function kernelOf(stage: Stage): InferenceKernel {
  const { producer, pool } = stage;
  if (producer.kind === 'input') return 'input';
  if (producer.kind === 'dense') return pool ? 'other' : 'dense';
  if (producer.kind !== 'conv') return 'other';
  if (isWinograd(stage)) return 'winograd';
  return pool ? 'other' : 'direct';
}

/** A stage of which the values that readers want are stored. */
const finished = ({ index, name, inputs, shape }: Stage): Stage => ({
  index,
  name,
  inputs,
  shape,
  producer: { kind: 'identity' },
  raw: shape,
  activation: { name: 'linear' },
});

/** The weight of a stage whose batch norm is folded. */
export const kernelRefOf = ({ producer }: Stage): WeightRef => (producer as ConvProducer).kernel;
