import type { Generator, Parameter, TensorDict } from '@mnist-kit/core';
import type { Executor, StepOutput, StepTarget } from '@mnist-kit/engine';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';

/** A one-layer classifier of 2 x 2 grey images as a stock layers model. */
export function linearModel(classes = 3): tfl.LayersModel {
  return tfl.sequential({
    layers: [
      tfl.layers.flatten({ inputShape: [2, 2, 1] }),
      tfl.layers.dense({ name: 'fc', units: classes, kernelInitializer: 'zeros' }),
      tfl.layers.activation({ activation: 'logSoftmax' as 'softmax' }),
    ],
  });
}

/**
 * An executor for {@link linearModel}, small enough to be right by looking at it. It notes every call in
 * `calls`, draws one random word as its "mask", and shifts its outputs by nothing.
 */
export class LinearExecutor implements Executor {
  readonly engine = 'eager';
  readonly description = 'linear test executor';
  readonly inputShape = [2, 2, 1] as const;
  readonly classes: number;
  readonly parameters: readonly Parameter[];
  readonly calls: string[];
  disposed = false;
  /** Mask words drawn so far. */
  readonly masks: number[] = [];
  readonly #model: tfl.LayersModel;
  readonly #kernel: Float32Array;
  readonly #bias: Float32Array;

  constructor(model: tfl.LayersModel, calls: string[] = []) {
    this.#model = model;
    this.calls = calls;
    this.classes = (model.outputs[0].shape as number[])[1];
    this.#kernel = new Float32Array(4 * this.classes);
    this.#bias = new Float32Array(this.classes);
    this.parameters = [
      {
        name: 'fc/kernel',
        shape: [4, this.classes],
        value: this.#kernel,
        gradient: new Float32Array(4 * this.classes),
      },
      { name: 'fc/bias', shape: [this.classes], value: this.#bias, gradient: new Float32Array(this.classes) },
    ];
    for (const weight of model.weights) {
      const own = this.parameters.find(({ name }) => name === weight.originalName)!;
      own.value.set(weight.read().dataSync());
    }
  }

  drawMasks(size: number, generator: Generator): void {
    this.calls.push(`drawMasks ${size}`);
    this.masks.push(generator.randomUint32());
  }

  trainStep(images: Float32Array, size: number, target: StepTarget): StepOutput {
    this.calls.push(`trainStep ${size}`);
    const { classes } = this;
    const logits = this.#logits(images, size);
    const { loss, gradient } = differentiate(target, logits, size, classes);
    const [kernel, bias] = this.parameters;
    kernel.gradient.fill(0);
    bias.gradient.fill(0);
    for (let i = 0; i < size; i++)
      for (let c = 0; c < classes; c++) {
        const g = gradient[i * classes + c];
        bias.gradient[c] += g;
        for (let k = 0; k < 4; k++) kernel.gradient[k * classes + c] += images[i * 4 + k] * g;
      }
    return { loss, outputs: logits };
  }

  parametersChanged(): void {
    this.calls.push('parametersChanged');
  }

  predict(images: Float32Array, size: number): Float32Array {
    this.calls.push(`predict ${size}`);
    return this.#logits(images, size);
  }

  readWeights(): TensorDict {
    return Object.fromEntries(
      this.parameters.map(({ name, shape, value }) => [name, { shape, data: value.slice() }]),
    );
  }

  writeWeights(weights: TensorDict): void {
    for (const parameter of this.parameters) {
      const tensor = weights[parameter.name];
      if (tensor !== undefined) parameter.value.set(tensor.data);
    }
  }

  syncModel(): void {
    this.calls.push('syncModel');
    for (const weight of this.#model.weights) {
      const own = this.parameters.find(({ name }) => name === weight.originalName)!;
      tf.tidy(() => void weight.write(tf.tensor(own.value, [...own.shape])));
    }
  }

  dispose(): void {
    this.disposed = true;
  }

  #logits(images: Float32Array, size: number): Float32Array {
    const { classes } = this;
    const logits = new Float32Array(size * classes);
    for (let i = 0; i < size; i++)
      for (let c = 0; c < classes; c++) {
        let sum = this.#bias[c];
        for (let k = 0; k < 4; k++) sum += images[i * 4 + k] * this.#kernel[k * classes + c];
        logits[i * classes + c] = sum;
      }
    return logits;
  }
}

function differentiate(target: StepTarget, logits: Float32Array, size: number, classes: number) {
  if (target.kind === 'function') {
    return tf.tidy(() => {
      const outputs = tf.tensor2d(logits, [size, classes]);
      const { value, grad } = tf.valueAndGrad((x) => target.loss(x as tf.Tensor2D))(outputs);
      return { loss: value.dataSync()[0], gradient: grad.dataSync().slice() };
    });
  }
  const gradient = new Float32Array(size * classes);
  let loss = 0;
  for (let i = 0; i < size; i++) {
    const row = Array.from(logits.subarray(i * classes, (i + 1) * classes));
    const top = Math.max(...row);
    const norm = top + Math.log(row.reduce((sum, x) => sum + Math.exp(x - top), 0));
    const weights = target.probabilities.subarray(i * classes, (i + 1) * classes);
    const total = weights.reduce((sum, q) => sum + q, 0);
    for (let c = 0; c < classes; c++) {
      loss -= weights[c] * (row[c] - norm) * target.scale;
      gradient[i * classes + c] = (total * Math.exp(row[c] - norm) - weights[c]) * target.scale;
    }
  }
  return { loss, gradient };
}
