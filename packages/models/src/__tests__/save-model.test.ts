import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import {
  CheckpointError,
  DataError,
  EngineError,
  Generator,
  InvalidArgumentError,
  ModelError,
} from '@mnist-kit/core';
import { improvedNet, initialize, optimizedNet } from '@mnist-kit/models';
import { loadModel, saveModel } from '@mnist-kit/models/node';
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seeded } from './golden.js';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
/** TensorFlow.js as it is served to browsers. */
const scripts = [
  'tfjs-core/dist/tf-core',
  'tfjs-layers/dist/tf-layers',
  'tfjs-backend-cpu/dist/tf-backend-cpu',
];

let base = '';
let server: Server;
let address = '';
let count = 0;
const newFolder = () => join(base, `model${count++}`);

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'mnist-kit-model-'));
  server = createServer(async (request, response) => {
    const content = await readFile(join(base, request.url ?? '/')).catch(() => undefined);
    response.setHeader(
      'content-type',
      request.url?.endsWith('.json')
        ? 'application/json'
        : request.url?.endsWith('.js')
          ? 'text/javascript'
          : 'text/html',
    );
    response.statusCode = content === undefined ? 404 : 200;
    response.end(content);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(base, { recursive: true });
});

/** Loads a folder with TensorFlow.js's own loader, over HTTP. */
const loadStock = (folder: string) =>
  tfl.loadLayersModel(`${address}/${folder.slice(base.length + 1)}/model.json`);

/** What the model gives for inputs of random numbers, one for each of its inputs. */
function outputs(model: tfl.LayersModel): Float32Array[] {
  return tf.tidy(() => {
    const generator = new Generator(3);
    const inputs = model.inputs.map(({ shape }) => {
      const size = shape.map((axis) => axis ?? 2);
      return tf.tensor(generator.randn(size.reduce((product, axis) => product * axis, 1)), size);
    });
    const made = model.predict(inputs.length === 1 ? inputs[0] : inputs);
    return (Array.isArray(made) ? made : [made]).map((tensor) => tensor.dataSync() as Float32Array);
  });
}

test.each([
  ['optimizedNet', optimizedNet],
  ['improvedNet', improvedNet],
])('stock TensorFlow.js loads what is saved, and gives the same bits: %s', async (_, build) => {
  const model = seeded(build);
  const folder = newFolder();
  await saveModel(model, folder);
  expect((await readdir(folder)).toSorted()).toEqual(['group1-shard1of1.bin', 'model.json']);
  for (const loaded of [await loadStock(folder), await loadModel(folder)]) {
    expect(outputs(loaded)).toEqual(outputs(model));
    expect(fields(loaded)).toEqual(fields(model));
    loaded.dispose();
  }
});

test.runIf(existsSync(executablePath))('stock TensorFlow.js in a browser gives the same bits', async () => {
  const model = seeded(optimizedNet);
  const folder = newFolder();
  await saveModel(model, folder);
  const require = createRequire(import.meta.url);
  for (const name of scripts) {
    const [packageName, ...path] = name.split('/');
    const root = dirname(require.resolve(`@tensorflow/${packageName}/package.json`));
    await copyFile(join(root, `${path.join('/')}.min.js`), join(base, `${packageName}.js`));
  }
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu'] });
  try {
    const page = await browser.newPage();
    await writeFile(join(base, 'page.html'), '<!doctype html><title>model</title>');
    await page.goto(`${address}/page.html`);
    for (const name of scripts) await page.addScriptTag({ url: `${address}/${name.split('/')[0]}.js` });
    const images = new Generator(3).randn(2 * 28 * 28);
    const there = await page.evaluate(
      async ([url, pixels]) => {
        const { tf } = globalThis as unknown as { tf: typeof tfl & typeof import('@tensorflow/tfjs-core') };
        const loaded = await tf.loadLayersModel(url as string);
        const made = loaded.predict(tf.tensor(pixels as number[], [2, 28, 28, 1])) as tf.Tensor;
        return [...(await made.data())];
      },
      [`${address}/${folder.slice(base.length + 1)}/model.json`, [...images]] as const,
    );
    expect(there).toEqual([...outputs(model)[0]]);
  } finally {
    await browser.close();
  }
});

const { layers, regularizers, constraints, initializers } = tfl;
const image = [8, 8, 3];
const small = (...list: tfl.layers.Layer[]) => tfl.sequential({ layers: list });

const models: Record<string, () => tfl.LayersModel> = {
  'a convolution with everything': () =>
    small(
      layers.conv2d({
        inputShape: image,
        filters: 4,
        kernelSize: [3, 2],
        strides: [2, 1],
        padding: 'same',
        activation: 'relu6',
        useBias: true,
        kernelInitializer: initializers.heNormal({ seed: 3 }),
        biasInitializer: initializers.constant({ value: 0.5 }),
        kernelRegularizer: regularizers.l1l2({ l1: 0.1, l2: 0.2 }),
        biasRegularizer: regularizers.l2({ l2: 0.3 }),
        kernelConstraint: constraints.maxNorm({ maxValue: 2, axis: 0 }),
        biasConstraint: constraints.nonNeg(),
        trainable: false,
      }),
    ),
  'a dilated convolution': () =>
    small(
      layers.conv2d({ inputShape: image, filters: 2, kernelSize: 3, dilationRate: [2, 1], useBias: false }),
    ),
  'a depthwise convolution': () =>
    small(layers.depthwiseConv2d({ inputShape: image, kernelSize: 3, depthMultiplier: 2, padding: 'same' })),
  'a depthwise constraint': () =>
    small(
      layers.depthwiseConv2d({
        inputShape: image,
        kernelSize: 3,
        depthwiseConstraint: constraints.minMaxNorm({ minValue: 0.1, maxValue: 2, rate: 0.5, axis: 1 }),
      }),
    ),
  'a depthwise regularizer': () =>
    small(
      layers.depthwiseConv2d({
        inputShape: image,
        kernelSize: 3,
        depthwiseRegularizer: regularizers.l2({ l2: 0.1 }),
      }),
    ),
  'a depthwise constraint in a model within a model': () =>
    small(
      small(
        layers.depthwiseConv2d({
          inputShape: image,
          kernelSize: 3,
          depthwiseConstraint: constraints.unitNorm({ axis: 0 }),
        }),
      ) as unknown as tfl.layers.Layer,
      layers.flatten(),
    ),
  'a separable convolution': () =>
    small(layers.separableConv2d({ inputShape: image, filters: 2, kernelSize: 3 })),
  norms: () =>
    small(
      layers.batchNormalization({ inputShape: image, momentum: 0.9, epsilon: 1e-5, center: false }),
      layers.layerNormalization({ epsilon: 1e-4 }),
    ),
  pools: () =>
    small(
      layers.maxPooling2d({ inputShape: image, poolSize: [2, 1], strides: [1, 2], padding: 'same' }),
      layers.averagePooling2d({ poolSize: 2 }),
      layers.globalAveragePooling2d({}),
    ),
  'a global max pool': () => small(layers.globalMaxPooling2d({ inputShape: image })),
  activations: () =>
    small(
      layers.activation({ inputShape: image, activation: 'hardSigmoid' }),
      layers.reLU({ maxValue: 3 }),
      layers.leakyReLU({ alpha: 0.2 }),
      layers.elu({}),
      layers.thresholdedReLU({ theta: 0.3 }),
      layers.prelu({ sharedAxes: [1, 2] }),
      layers.softmax({ axis: -1 }),
    ),
  'a log-softmax': () =>
    small(
      layers.flatten({ inputShape: image }),
      layers.dense({ units: 3, activation: 'logSoftmax' as 'softmax' }),
    ),
  dropouts: () => small(layers.dropout({ inputShape: image, rate: 0.25, noiseShape: [2, 1, 1, 3], seed: 5 })),
  shapes: () =>
    small(
      layers.zeroPadding2d({
        inputShape: image,
        padding: [
          [1, 0],
          [2, 1],
        ],
      }),
      layers.upSampling2d({ size: [2, 1] }),
      layers.permute({ dims: [3, 1, 2] }),
      layers.reshape({ targetShape: [3, 198] }),
      layers.flatten(),
    ),
  'a graph with two inputs and two outputs': () => {
    const [a, b] = [tfl.input({ shape: image, name: 'a' }), tfl.input({ shape: image, name: 'b' })];
    const conv = layers.conv2d({ filters: 3, kernelSize: 1 });
    const sum = layers
      .add()
      .apply([
        conv.apply(a) as tfl.SymbolicTensor,
        conv.apply(b) as tfl.SymbolicTensor,
      ]) as tfl.SymbolicTensor;
    const joined = layers.concatenate({ axis: -1 }).apply([sum, a]) as tfl.SymbolicTensor;
    return tfl.model({
      inputs: [a, b],
      outputs: [joined, layers.flatten().apply(sum) as tfl.SymbolicTensor],
    });
  },
  'recurrent layers': () => {
    const recurrentInitializer = 'glorotUniform' as const;
    return small(
      layers.lstm({ inputShape: [4, 3], units: 2, returnSequences: true, recurrentInitializer }),
      layers.bidirectional({ layer: layers.gru({ units: 2, recurrentInitializer }), mergeMode: 'concat' }),
    );
  },
  'sums of all kinds': () => {
    const a = tfl.input({ shape: [4] });
    const b = layers.dense({ units: 4 }).apply(a) as tfl.SymbolicTensor;
    const all = [
      layers.multiply(),
      layers.average(),
      layers.maximum(),
      layers.minimum(),
      layers.dot({ axes: 1, normalize: true }),
    ];
    return tfl.model({ inputs: a, outputs: all.map((layer) => layer.apply([a, b]) as tfl.SymbolicTensor) });
  },
};
describe.each(Object.entries(models))('%s', (_, build) => {
  test('is the same model after saving and loading, here and in stock TensorFlow.js', async () => {
    const model = build();
    const folder = newFolder();
    await saveModel(model, folder);
    for (const load of [loadModel, loadStock]) {
      const loaded = await load(folder);
      // Stock TensorFlow.js applies constraints to weights when it loads them.
      if (load === loadModel || !model.weights.some(isConstrained))
        expect(outputs(loaded)).toEqual(outputs(model));
      expect(fields(loaded)).toEqual(fields(model));
      loaded.dispose();
    }
  });
});

const isConstrained = (weight: object) => (weight as { constraint?: unknown }).constraint != null;

/** What the layers keep of what they were given, read from themselves and not from what they say of themselves. */
function fields(model: tfl.LayersModel): unknown {
  const plain = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(plain);
    const given = value as { getClassName?(): string; getConfig?(): unknown };
    if (typeof given?.getClassName === 'function')
      return [given.getClassName(), plain(Object.entries(given.getConfig?.() ?? {}))];
    return typeof value === 'object' && value !== null ? 'object' : (value ?? null);
  };
  return model.layers.map((layer) => {
    if (layer instanceof tfl.LayersModel) return fields(layer);
    const names = Object.keys(layer).filter((key) =>
      /Regularizer|Constraint|Initializer|activation|rate|Shape|pad|strides|kernelSize|poolSize|axis|epsilon|momentum|alpha|theta|maxValue|seed|trainable/.test(
        key,
      ),
    );
    return Object.fromEntries(
      names.toSorted().map((key) => [key, plain((layer as unknown as Record<string, unknown>)[key])]),
    );
  });
}

class Shift extends tfl.layers.Layer {
  static className = 'Shift';
  readonly by: number;

  constructor(config: { by?: number; name?: string } = {}) {
    super(config);
    this.by = config.by ?? 0;
  }

  override call(inputs: tf.Tensor | tf.Tensor[]): tf.Tensor {
    return tf.add(Array.isArray(inputs) ? inputs[0] : inputs, this.by);
  }

  override computeOutputShape(shape: tfl.Shape | tfl.Shape[]) {
    return shape;
  }
}

test('a layer that its own saved form forgets is refused by name, and nothing is written', async () => {
  const build = (by: number) =>
    small(layers.dense({ inputShape: [2], units: 2 }), new Shift({ by, name: 'shift' }));
  const folder = newFolder();
  await expect(saveModel(build(1), folder)).rejects.toThrow(ModelError);
  tf.serialization.registerClass(Shift);
  await expect(saveModel(build(1), folder)).rejects.toThrow(/`by` of layer "shift" \(Shift\) would be lost/);
  expect(existsSync(folder)).toBe(false);
  await saveModel(build(0), folder);
});

test('a stock layer that its saved form forgets something of is refused by the name of the field', async () => {
  const config = { inputShape: image, filters: 2, kernelSize: 3, depthMultiplier: 2, name: 'separable' };
  const model = small(layers.separableConv2d(config));
  await expect(saveModel(model, newFolder())).rejects.toThrow(/`depthMultiplier` of layer "separable"/);
});

test('numbers that JSON does not have are refused by name', async () => {
  const model = small(layers.reLU({ inputShape: [2], maxValue: Number.POSITIVE_INFINITY, name: 'open' }));
  await expect(saveModel(model, newFolder())).rejects.toThrow(/`maxValue` of layer "open" \(ReLU\)/);
});

/** Saves as stock TensorFlow.js does, with the weights cut into files. */
async function saveStock(model: tfl.LayersModel, folder: string, pieces: number): Promise<void> {
  await mkdir(folder);
  await model.save(
    tf.io.withSaveHandler(async ({ weightData, weightSpecs, ...rest }) => {
      const data = new Uint8Array(weightData as ArrayBuffer);
      const size = Math.ceil(data.length / pieces);
      const paths = Array.from({ length: pieces }, (_, i) => `group1-shard${i + 1}of${pieces}.bin`);
      await Promise.all(
        paths.map((path, i) => writeFile(join(folder, path), data.subarray(i * size, (i + 1) * size))),
      );
      await writeFile(
        join(folder, 'model.json'),
        JSON.stringify({ ...rest, weightsManifest: [{ paths, weights: weightSpecs }] }),
      );
      return { modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } };
    }),
  );
}

test('a model that stock TensorFlow.js saved in several files is loaded', async () => {
  const model = seeded(optimizedNet);
  const folder = newFolder();
  await saveStock(model, folder, 3);
  expect(outputs(await loadModel(folder))).toEqual(outputs(model));
});

test('quantised weights, as the converter writes them, are loaded as stock TensorFlow.js loads them', async () => {
  const model = small(layers.dense({ inputShape: [3], units: 4, useBias: false }));
  initialize(model, new Generator(1));
  const folder = newFolder();
  await saveStock(model, folder, 1);
  const path = join(folder, 'model.json');
  const json = JSON.parse(await readFile(path, 'utf8'));
  json.weightsManifest[0].weights[0].quantization = {
    dtype: 'uint8',
    min: -0.5,
    scale: 0.004,
    original_dtype: 'float32',
  };
  await writeFile(path, JSON.stringify(json));
  await expect(loadModel(folder)).rejects.toThrow(/must have 12 bytes of weights. Received: 48/);
  await writeFile(
    join(folder, 'group1-shard1of1.bin'),
    Uint8Array.from({ length: 12 }, (_, i) => i * 20),
  );
  const loaded = await loadModel(folder);
  expect(outputs(loaded)).toEqual(outputs(await loadStock(folder)));
  expect(loaded.weights[0].read().dataSync()[3]).toBeCloseTo(60 * 0.004 - 0.5);
});

test('a model in the folder is replaced, files of anybody else are not', async () => {
  const folder = newFolder();
  const [first, second] = [seeded(optimizedNet), optimizedNet({ generator: new Generator(2) })];
  await saveModel(first, folder);
  await expect(saveModel(second, folder, { overwrite: false })).rejects.toThrow(/`overwrite` is false/);
  expect(outputs(await loadModel(folder))).toEqual(outputs(first));
  for (const model of [second, first, first]) {
    await saveModel(model, folder);
    expect(await readdir(folder)).toHaveLength(2);
    expect(outputs(await loadModel(folder))).toEqual(outputs(model));
    expect(outputs(await loadStock(folder))).toEqual(outputs(model));
  }
  await writeFile(join(folder, 'notes.txt'), 'mine');
  await expect(saveModel(second, folder)).rejects.toThrow(InvalidArgumentError);
  await expect(saveModel(second, folder)).rejects.toThrow(/nothing but a model: it also has "notes.txt"/);
  expect(outputs(await loadModel(folder))).toEqual(outputs(first));

  const other = newFolder();
  await mkdir(other);
  await writeFile(join(other, 'model.json'), '{"format":"graph-model"}');
  await expect(saveModel(second, other)).rejects.toThrow(/model.json of another kind/);
  await expect(saveModel(second, join(folder, 'notes.txt'))).rejects.toThrow(EngineError);
});

test('a process that ends anywhere within a save leaves the old model or the new one', async () => {
  const [first, second] = [seeded(optimizedNet), optimizedNet({ generator: new Generator(2) })];
  const [before, after, stopped] = [newFolder(), newFolder(), newFolder()];
  await saveModel(first, before);
  await saveModel(first, after);
  await saveModel(second, after);
  // The new weights are there, the description is still the old one.
  await mkdir(stopped);
  for (const [from, file] of [
    ...(await readdir(before)).map((f) => [before, f]),
    ...(await readdir(after)).filter((f) => f !== 'model.json').map((f) => [after, f]),
  ])
    await copyFile(join(from, file), join(stopped, file));
  await writeFile(join(stopped, '.model.json.1-0-0.tmp'), 'half');
  expect(outputs(await loadModel(stopped))).toEqual(outputs(first));
  await saveModel(second, stopped);
  expect(outputs(await loadModel(stopped))).toEqual(outputs(second));
  expect(await readdir(stopped)).toHaveLength(2);
});

test('files that are damaged, cut, missing or foreign are refused by their name', async () => {
  const folder = newFolder();
  await saveModel(seeded(optimizedNet), folder);
  const [json, bin] = [join(folder, 'model.json'), join(folder, 'group1-shard1of1.bin')];
  const [text, weights] = [await readFile(json, 'utf8'), await readFile(bin)];
  const refused = async (error: new (message: string) => Error, message: RegExp) => {
    await expect(loadModel(folder)).rejects.toThrow(error);
    await expect(loadModel(folder)).rejects.toThrow(message);
    await writeFile(json, text);
    await writeFile(bin, weights);
  };
  const changed = (change: (json: ReturnType<typeof JSON.parse>) => void) => {
    const value = JSON.parse(text);
    change(value);
    return writeFile(json, JSON.stringify(value));
  };

  await writeFile(json, text.slice(0, 500));
  await refused(DataError, /model\.json must be .* it is no JSON/);
  await writeFile(json, '[]');
  await refused(DataError, /model\.json must be .* it is no object/);
  await writeFile(json, '{"format":"graph-model","modelTopology":{},"weightsManifest":[]}');
  await refused(DataError, /its format is "graph-model"/);
  for (const key of ['modelTopology', 'weightsManifest']) {
    await changed((value) => delete value[key]);
    await refused(DataError, new RegExp(`lacks \`${key}\``));
  }
  await rm(bin);
  await refused(DataError, /Cannot read .*group1-shard1of1\.bin/);
  await writeFile(bin, weights.subarray(0, 1000));
  await refused(DataError, /group1-shard1of1\.bin is damaged/);
  const flipped = new Uint8Array(weights);
  flipped[1234] ^= 1;
  await writeFile(bin, flipped);
  await refused(DataError, /group1-shard1of1\.bin is damaged/);
  for (const path of ['../secret.bin', '/etc/passwd', 'a/../../b', 'C:\\x', '']) {
    await changed((value) => {
      value.weightsManifest[0].paths = [path];
    });
    await refused(DataError, /must lie in the same folder/);
  }
  await changed((value) => {
    value.weightsManifest[0].weights.push(value.weightsManifest[0].weights[0]);
  });
  await refused(DataError, /two weights named/);
  await changed((value) => {
    value.weightsManifest[0].weights[0].dtype = 'string';
  });
  await refused(DataError, /data type "string"/);
  await changed((value) => {
    value.weightsManifest[0].weights[0].name = 'other';
  });
  await refused(CheckpointError, /cannot load .*model\.json: /);
  await changed((value) => {
    value.modelTopology.config.layers[1].class_name = 'Conv9D';
  });
  await refused(CheckpointError, /cannot load .*model\.json: .*Conv9D/);
  await loadModel(folder);
  await expect(loadModel(newFolder())).rejects.toThrow(/Cannot read .*model\.json/);
});

test('arguments of the wrong kind are refused by name', async () => {
  const wrong = (value: unknown) => value as never;
  const model = optimizedNet();
  await expect(saveModel(wrong({}), newFolder())).rejects.toThrow(/`model` must be a tf.LayersModel/);
  await expect(saveModel(model, wrong(1))).rejects.toThrow(/`folder` must be the path/);
  await expect(saveModel(model, newFolder(), wrong({ overWrite: true }))).rejects.toThrow(
    /did you mean `overwrite`/,
  );
  await expect(saveModel(model, newFolder(), wrong({ overwrite: 1 }))).rejects.toThrow(/`overwrite` must be/);
  await expect(loadModel('x/model.json')).rejects.toThrow(
    /`folder` must be the path of the folder with model.json/,
  );
});

test('saving and loading leave no tensors behind', async () => {
  const model = seeded(optimizedNet);
  const folder = newFolder();
  await saveModel(model, folder);
  const before = tf.memory().numTensors;
  await saveModel(model, folder);
  expect(tf.memory().numTensors).toBe(before);
  (await loadModel(folder)).dispose();
  expect(tf.memory().numTensors).toBe(before);
});
