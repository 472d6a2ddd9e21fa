import { Generator } from '@mnist-kit/core';
import { entry } from '../entries.js';
import type { ConvProducer, Stage, StageGraph, WeightRef } from '../graph/stage.js';
import { machineOf } from '../machine.js';
import { PlanMemory } from '../memory.js';
import { compileProgram, type Program } from '../program.js';
import { ThreadPool } from '../threads/pool.js';

const IMAGES = 2;
/** Enough for V8 to optimise the loops that matter; some 30 ms altogether. */
const ROUNDS = 10;
const STEPS_A_ROUND = 6;
const PAUSE_MS = 1;

/**
 * Whether small steps of a small net give the same bits once V8 has optimised, and so packed, the code of 256-bit
 * vectors. What they are compared with is the first step: code that runs for the first time comes from V8's baseline
 * compiler, which packs nothing.
 *
 * @param tamper Called with the gradients after every step but the first: for tests.
 */
export async function givesTheSameBits(
  tamper: (gradients: Float32Array[]) => void = () => {},
): Promise<boolean> {
  const graph = trialGraph();
  const options = { capacity: IMAGES, threads: 1, shared: false, machine: machineOf(256) };
  const { step, gradients } = await trialSteps(graph, compileProgram(graph, options));
  step();
  const expected = bitsOf(gradients());
  for (let round = 0; round < ROUNDS; round++) {
    for (let i = 0; i < STEPS_A_ROUND; i++) step();
    tamper(gradients());
    if (!equal(bitsOf(gradients()), expected)) return false;
    // The optimised code arrives while this thread does something else.
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
  return true;
}

const weight = (name: string, ...shape: number[]): WeightRef => ({ name, shape, trainable: true });

/** A convolution done directly and one by Winograd's algorithm, with everything that can follow one. */
function trialGraph(): StageGraph {
  const norm = (name: string, channels: number) => ({
    gamma: weight(`${name}/gamma`, channels),
    beta: weight(`${name}/beta`, channels),
    movingMean: { ...weight(`${name}/mean`, channels), trainable: false },
    movingVariance: { ...weight(`${name}/variance`, channels), trainable: false },
    ...{ epsilon: 1e-5, momentum: 0.9 },
  });
  const conv = (name: string, from: number, to: number): ConvProducer => ({
    kind: 'conv',
    kernel: weight(`${name}/kernel`, 3, 3, from, to),
    ...{ kernelSize: [3, 3], strides: [1, 1], padding: [1, 1] },
  });
  const plane = (side: number, channels: number) => ({ height: side, width: side, channels });
  const input: Stage = {
    ...{ index: 0, name: 'input', producer: { kind: 'input' }, inputs: [] },
    ...{ raw: plane(16, 1), shape: plane(16, 1), activation: { name: 'linear' } },
  };
  // Odd numbers of vectors: 3 and 5.
  const first: Stage = {
    ...{ index: 1, name: 'first', producer: conv('first', 1, 12), inputs: [input], pool: 'max' },
    ...{ raw: plane(16, 12), shape: plane(8, 12), batchNorm: norm('first', 12) },
    ...{ activation: { name: 'leakyRelu', alpha: 0.1 }, dropout: { rate: 0.1 } },
  };
  const second: Stage = {
    ...{ index: 2, name: 'second', producer: conv('second', 12, 20), inputs: [first] },
    ...{ raw: plane(8, 20), shape: plane(8, 20), batchNorm: norm('second', 20) },
    activation: { name: 'relu' },
  };
  const stages = [input, first, second];
  const weights = stages.flatMap(({ producer, batchNorm }) => [
    ...(producer.kind === 'conv' ? [producer.kernel] : []),
    ...(batchNorm ? [batchNorm.gamma, batchNorm.beta, batchNorm.movingMean, batchNorm.movingVariance] : []),
  ]);
  return { stages, head: 'linear', weights: weights.filter((ref) => ref !== undefined), penalties: [] };
}

/** Steps forward and backward on random numbers, and where they leave the gradients of all weights. */
async function trialSteps(graph: StageGraph, program: Program) {
  const pool = await ThreadPool.start(program, 1, false);
  const memory = new PlanMemory(graph, program, pool.memory);
  const generator = new Generator(1);
  const trained = graph.weights.filter(({ trainable }) => trainable);
  for (const ref of trained) memory.weight(ref).set(generator.randn(memory.weight(ref).length));
  const [input, first, last] = graph.stages;
  const fill = (address: number, values: Float32Array) => memory.floats.set(values, address / 4);
  const values = (stage: Stage) => IMAGES * stage.shape.height * stage.shape.width * stage.shape.channels;
  fill(
    memory.buffersOf(first).mask,
    generator.dropoutMask(new Float32Array(IMAGES * first.raw.channels), 0.1),
  );
  fill(memory.buffersOf(last).gradient, generator.randn(values(last)));
  memory.setBatch(generator.randn(values(input)), 0, IMAGES);
  pool.run(entry.prepare);
  return {
    step: () => {
      pool.run(entry.forward);
      pool.run(entry.backward);
    },
    gradients: () => trained.map((ref) => memory.weight(ref, 'gradient')),
  };
}

/** Copies of tensors as words. */
const bitsOf = (tensors: readonly Float32Array[]): Uint32Array[] =>
  tensors.map((tensor) => new Uint32Array(new Float32Array(tensor).buffer));

const equal = (a: readonly Uint32Array[], b: readonly Uint32Array[]): boolean =>
  a.every((words, tensor) => words.every((word, i) => word === b[tensor][i]));
