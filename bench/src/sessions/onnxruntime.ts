import { createRequire } from 'node:module';
import { Generator } from '@mnist-kit/core';
import { toOnnx } from '@mnist-kit/onnx';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Work } from '../works/work.js';
import { firstBatches } from './data.js';
import { makeNet } from './nets.js';
import type { Session } from './session.js';

/** What is used of onnxruntime-node, which is no dependency of this package. */
interface Ort {
  InferenceSession: { create(model: Uint8Array, options: object): Promise<OrtSession> };
  Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => unknown;
}

interface OrtSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(feeds: Record<string, unknown>): Promise<Record<string, { data: Float32Array }>>;
}

/** Runs `images` through a model: its outputs, row by row. */
export type Infer = (images: Float32Array, size: number) => Promise<Float32Array>;

/**
 * Our model, exported, in onnxruntime as its documentation advises: graph fully optimised, which folds batch norms in
 * and blocks channels, a fixed batch size, and threads inside of operations only.
 */
export async function onnxRuntimeInfer(
  model: LayersModel,
  { entry, threads, batchSize }: { entry: string; threads: number; batchSize: number },
): Promise<Infer> {
  const { InferenceSession, Tensor } = createRequire(import.meta.url)(entry) as Ort;
  const session = await InferenceSession.create(toOnnx(model, { batchSize }), {
    executionProviders: ['cpu'],
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
  });
  const [input] = session.inputNames;
  const [output] = session.outputNames;
  const [height, width, channels] = model.inputs[0].shape.slice(1) as number[];
  return async (images, size) => {
    // One channel: NHWC is NCHW.
    const feeds = { [input]: new Tensor('float32', images, [size, channels, height, width]) };
    return (await session.run(feeds))[output].data;
  };
}

/** The outputs of onnxruntime for batches that are ready. */
export async function onnxRuntimeSession(
  { net, batch }: Work,
  { entry, threads }: { entry: string; threads: number },
  root: string,
): Promise<Session> {
  const model = makeNet(net, { generator: new Generator(1) });
  const infer = await onnxRuntimeInfer(model, { entry, threads, batchSize: batch });
  const next = await firstBatches(root, batch);
  return {
    step: async () => {
      const { images, size } = next();
      await infer(images, size);
    },
  };
}
