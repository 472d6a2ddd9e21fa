import { Generator, ModelError } from '@mnist-kit/core';
import { createExecutor, useBackend } from '@mnist-kit/engine';
import { conservativeImprovedNet, improvedNet, optimizedNet } from '@mnist-kit/models';
import type { ToOnnxOptions } from '@mnist-kit/onnx';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { buildModel } from '../../packages/engine/src/__tests__/architectures/build.js';
import { generate } from '../architectures/generate.js';
import { drawInputs } from '../architectures/inputs.js';
import { specialNets } from './special.js';

/** Ways of writing each net. */
export const variants: Readonly<Record<string, ToOnnxOptions>> = {
  kept: {},
  folded: { batchNorm: 'fold' },
  NHWC: { layout: 'NHWC' },
};

/** A model with inputs for it. */
export interface Case {
  readonly name: string;
  readonly model: tfl.LayersModel;
  /** As TensorFlow.js has them. */
  readonly images: Float32Array;
  readonly shape: readonly number[];
  /** Whether images lie channels last in the model. */
  readonly channelsLast: boolean;
}

/** The random net of a seed. */
export function randomNet(seed: number): Case {
  const generated = generate(seed);
  const inputs = drawInputs(generated);
  const model = buildModel(generated.architecture);
  tf.tidy(() => {
    for (const weight of model.weights) {
      const { shape, data } = inputs[`weights/${weight.originalName}`];
      weight.write(tf.tensor(data.slice(), [...shape]));
    }
  });
  const { data: images, shape } = inputs.images;
  return { name: `seed ${seed}`, model, images, shape, channelsLast: true };
}

/** The nets of the notebook and the special ones. */
export function* sampleCases(): Iterable<Case> {
  const generator = new Generator(1);
  for (const make of [optimizedNet, improvedNet, conservativeImprovedNet])
    yield withValues(make({ generator }), generator, 4);
  for (const make of Object.values(specialNets)) yield withValues(make(), generator, 3);
}

/** What a model gives: on the engine, or in TensorFlow.js where that is for images and one vector only. */
export async function predict(
  model: tfl.LayersModel,
  images: Float32Array,
  shape: readonly number[],
): Promise<{ engine: string; outputs: Float32Array }> {
  if (shape.length !== 4 || model.outputs[0].shape.length !== 2) return stock(model, images, shape);
  try {
    const executor = await createExecutor(model, { threads: 1 });
    try {
      return { engine: executor.engine, outputs: (await executor.predict(images, shape[0])).slice() };
    } finally {
      await executor.dispose();
      // Eager may have chosen another one.
      await useBackend('cpu');
    }
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    return stock(model, images, shape);
  }
}

function stock(model: tfl.LayersModel, images: Float32Array, shape: readonly number[]) {
  const outputs = tf.tidy(() => {
    const made = model.predict(tf.tensor(images, [...shape])) as tf.Tensor;
    return made.dataSync().slice() as Float32Array;
  });
  return { engine: 'tfjs', outputs };
}

/** A model with weights that are drawn: running statistics that are none would hide mistakes. */
export function withValues(model: tfl.LayersModel, generator: Generator, batch: number): Case {
  tf.tidy(() => {
    for (const weight of model.weights) {
      const shape = weight.shape as number[];
      const size = shape.reduce((product, length) => product * length, 1);
      const bound = shape.length > 1 ? Math.sqrt(3 / (size / (shape.at(-1) as number))) : 0.5;
      const low = /\/(moving_variance|gamma)$/.test(weight.originalName) ? 0.5 : -bound;
      weight.write(tf.tensor(generator.uniform(size, low, low < 0 ? bound : 1.5), shape));
    }
  });
  const shape = [batch, ...(model.inputs[0].shape.slice(1) as number[])];
  const images = generator.randn(shape.reduce((product, length) => product * length, 1));
  const isFirst = model.layers.some((layer) => layer.getConfig().dataFormat === 'channelsFirst');
  return { name: model.name, model, images, shape, channelsLast: shape.length === 4 && !isFirst };
}

/** Whether a layer comes back as another one that computes the same: a depthwise convolution of one channel. */
export const differsInKind = ({ model }: Case): boolean =>
  model.layers.some((layer) => layer.getClassName() === 'DepthwiseConv2D' && layer.weights[0].shape[2] === 1);

/** Images in another order of axes. */
function moved(images: Float32Array, shape: readonly number[], perm: readonly number[]) {
  return tf.tidy(() => {
    const tensor = tf.transpose(tf.tensor(images, [...shape]), [...perm]);
    return { data: tensor.dataSync().slice() as Float32Array, shape: tensor.shape };
  });
}

/** The images as ONNX has them, with the axes in the order of a layout. */
export function inLayout({ images, shape, channelsLast }: Case, layout: 'NCHW' | 'NHWC') {
  const same = shape.length !== 4 || (layout === 'NHWC') === channelsLast;
  return same ? { data: images, shape } : moved(images, shape, channelsLast ? [0, 3, 1, 2] : [0, 2, 3, 1]);
}

/** Outputs of a layout as TensorFlow.js has them. */
export function fromLayout(
  { channelsLast }: Case,
  data: Float32Array,
  shape: readonly number[],
  layout: 'NCHW' | 'NHWC',
): Float32Array {
  const same = shape.length !== 4 || (layout === 'NHWC') === channelsLast;
  return same ? data : moved(data, shape, channelsLast ? [0, 2, 3, 1] : [0, 3, 1, 2]).data;
}
