import { Generator, type MaybePromise, ModelError, math, type TensorDict } from '@mnist-kit/core';
import { type ArrayDataset, arrayDataset, DataLoader, transforms as T } from '@mnist-kit/datasets';
import { createPredictor, type Predictor } from '@mnist-kit/engine';
import {
  loadStateDict,
  parameterBreakdown,
  readSafetensors,
  stateDict,
  writeSafetensors,
} from '@mnist-kit/models';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { buildNet } from '../settings/build-net.js';
import type { AugmentationSettings, NetSettings, Settings } from '../settings/settings.js';
import { normalizationOf, normalized } from '../worker/normalization.js';
import { testData } from '../worker/training-data.js';
import { augmentations } from '../worker/training-parts.js';
import { FeatureReader, firstFilters, setWeights } from './features.js';
import type { FeatureMaps, Filters, InspectorCalls, NetDescription, Pictures } from './messages.js';

type Async<T> = {
  [K in keyof T]: T[K] extends (...args: infer A) => infer R ? (...args: A) => MaybePromise<R> : never;
};

const PIXELS = 28 * 28;

/** A net beside the one that is trained, with its weights: what looks at it does not stop the training. */
export class Inspector implements Async<InspectorCalls> {
  readonly #mnistUrl: string;
  #key = '';
  #model: LayersModel | undefined;
  #predictor: Predictor | undefined;
  #features: FeatureReader | undefined;
  #data: Settings['data'] = 'mnist';

  constructor(mnistUrl: string) {
    this.#mnistUrl = mnistUrl;
  }

  describe(net: NetSettings): NetDescription {
    const model = buildNet(net, new Generator(0));
    const { total, layers } = parameterBreakdown(model);
    model.dispose();
    return {
      parameters: total,
      layers: layers.map(({ layer, type, parameters }) => ({ layer, type, parameters })),
    };
  }

  async load(
    net: NetSettings,
    data: Settings['data'],
    weights: TensorDict | Uint8Array | undefined,
    seed: number,
  ): Promise<void> {
    this.#data = data;
    const inTraining = weights !== undefined && !(weights instanceof Uint8Array);
    const key = JSON.stringify(net);
    if (key !== this.#key || !inTraining) {
      await this.#predictor?.dispose();
      this.#features = undefined;
      this.#model?.dispose();
      this.#model = buildNet(net, new Generator(seed));
      if (weights instanceof Uint8Array) loadStateDict(this.#model, readSafetensors(weights));
      this.#predictor = await createPredictor(this.#model, { threads: 1, batchSize: 64 });
      this.#key = key;
    }
    if (!inTraining) return;
    await this.#predictor?.writeWeights(weights);
    setWeights(this.#loaded(), weights);
  }

  async predict(ink: Float32Array): Promise<Float32Array> {
    this.#loaded();
    const outputs = await this.#predictor!.predict(normalized(ink, this.#data), 1);
    return softmax(outputs.subarray(0, this.#predictor!.classes));
  }

  filters(): Filters {
    return firstFilters(this.#loaded());
  }

  featureMaps(ink: Float32Array): FeatureMaps[] {
    this.#features ??= new FeatureReader(this.#loaded());
    return this.#features.read(normalized(ink, this.#data));
  }

  async samples(data: Settings['data'], dataUrl: string, index: number): Promise<Pictures> {
    const { images, labels, classes } = await this.#test(data, dataUrl);
    const pixels = new Uint8Array(classes.length * PIXELS);
    for (let label = 0; label < classes.length; label++) {
      let position = -1;
      for (let n = 0; n <= index; n++) position = labels.indexOf(label, position + 1);
      pixels.set(images.subarray(position * PIXELS, (position + 1) * PIXELS), label * PIXELS);
    }
    return { pixels, labels: classes.map((_, label) => label) };
  }

  async augment(
    pictures: Uint8Array,
    augmentation: AugmentationSettings,
    seed: number,
    times: number,
  ): Promise<Uint8Array> {
    const count = pictures.length / PIXELS;
    const dataset = arrayDataset({ images: pictures, labels: new Uint8Array(count), shape: [28, 28, 1] });
    const loader = new DataLoader(dataset, {
      batchSize: count,
      transform: T.compose(augmentations(augmentation)),
      generator: new Generator(seed),
      prefetch: false,
    });
    const all = new Uint8Array(pictures.length * times);
    for (let n = 0; n < times; n++)
      for await (const { images } of loader)
        for (let i = 0; i < pictures.length; i++) all[n * pictures.length + i] = Math.round(images[i] * 255);
    await loader.dispose();
    return all;
  }

  async file(format: 'safetensors' | 'onnx'): Promise<Uint8Array> {
    const model = this.#loaded();
    if (format === 'safetensors') return writeSafetensors(stateDict(model));
    // Loaded when it is needed: not everybody takes such a file home.
    const { toOnnx } = await import('@mnist-kit/onnx');
    return toOnnx(model, { normalization: normalizationOf(this.#data) });
  }

  async readWeights(net: NetSettings, file: Uint8Array, name: string): Promise<Uint8Array> {
    const model = buildNet(net, new Generator(0));
    try {
      loadStateDict(model, name.endsWith('.onnx') ? await readOnnx(file) : readSafetensors(file));
      return writeSafetensors(stateDict(model));
    } finally {
      model.dispose();
    }
  }

  async test(data: Settings['data'], dataUrl: string): Promise<number> {
    this.#loaded();
    const loader = new DataLoader(await this.#test(data, dataUrl), {
      batchSize: 64,
      transform: T.normalize(normalizationOf(data)),
      prefetch: false,
    });
    let hits = 0;
    let count = 0;
    const { classes } = this.#predictor!;
    for await (const { images, labels, size } of loader) {
      const outputs = await this.#predictor!.predict(images, size);
      for (let i = 0; i < size; i++) {
        const row = outputs.subarray(i * classes, (i + 1) * classes);
        if (row.indexOf(Math.max(...row)) === labels[i]) hits += 1;
      }
      count += size;
    }
    return hits / count;
  }

  #test(data: Settings['data'], dataUrl: string): Promise<ArrayDataset> {
    return testData(data, dataUrl, { mnistUrl: this.#mnistUrl, onProgress: () => {} });
  }

  #loaded(): LayersModel {
    if (this.#model === undefined) throw new ModelError('There is no net to look at yet.');
    return this.#model;
  }
}

/** Loaded when it is needed: few visitors bring such a file. */
async function readOnnx(file: Uint8Array) {
  const { fromOnnx } = await import('@mnist-kit/onnx');
  const model = fromOnnx(file);
  const dict = stateDict(model);
  model.dispose();
  return dict;
}

function softmax(outputs: Float32Array): Float32Array {
  const largest = Math.max(...outputs);
  const powers = outputs.map((value) => math.exp(value - largest));
  const sum = powers.reduce((total, value) => total + value, 0);
  return powers.map((value) => value / sum);
}
