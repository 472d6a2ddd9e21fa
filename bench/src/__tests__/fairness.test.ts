import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { init, numpy as np, random, tree, valueAndGrad } from '@jax-js/jax';
import { type Batch, Generator } from '@mnist-kit/core';
import { createExecutor } from '@mnist-kit/engine';
import { nllLoss } from '@mnist-kit/losses';
import { loadStateDict, type StateDict, stateDict, writeTorchFile } from '@mnist-kit/models';
import { expect, test } from 'vitest';
import { findOnnxRuntime } from '../runners/onnxruntime.js';
import { findPython, PYTHON_ENV } from '../runners/python.js';
import { firstBatches } from '../sessions/data.js';
import { imagesOf, lossOf, oneHot } from '../sessions/jax-js.js';
import { initialise, type Params, predict } from '../sessions/jax-js-net.js';
import { makeNet, type NetShape, shapeOf } from '../sessions/nets.js';
import { onnxRuntimeInfer } from '../sessions/onnxruntime.js';
import { torchvisionRoot } from '../works/torchvision-root.js';
import { NETS, type Net } from '../works/work.js';
import { inFolder } from './run-bench.js';

const BATCH = 16;
const script = fileURLToPath(new URL('../../peers/pytorch/fairness.py', import.meta.url));
const root = torchvisionRoot();
const python = await findPython();
const onnxRuntime = findOnnxRuntime(fileURLToPath(new URL('../../peers/onnxruntime', import.meta.url)));

/** What a runner computes from the same weights and the same batch; arrays in PyTorch's order and layout. */
interface Computed {
  parameters: number;
  outputs: ArrayLike<number>;
  loss: number;
  gradients: number[][];
}

/** The net without dropout, whose draws differ between libraries, with weights and statistics unlike fresh ones. */
function netOf(net: Net): { model: ReturnType<typeof makeNet>; weights: StateDict; shape: NetShape } {
  const generator = new Generator(3);
  const model = makeNet(net, { generator, dropout: 0, fcDropout: 0 });
  const weights = stateDict(model);
  for (const [name, { data }] of Object.entries(weights))
    if (/^bn\d+\.(weight|running_var)$/.test(name)) data.set(generator.uniform(data.length, 0.5, 1.5));
    else if (/^bn\d+\.(bias|running_mean)$/.test(name)) data.set(generator.uniform(data.length, -0.2, 0.2));
  loadStateDict(model, weights);
  return { model, weights, shape: shapeOf(model) };
}

async function ours(model: ReturnType<typeof makeNet>, { images, labels, size }: Batch): Promise<Computed> {
  const executor = await createExecutor(model, { engine: 'plan', threads: 1, batchSize: size });
  const outputs = (await executor.predict(images, size)).slice();
  const probabilities = nllLoss().softTargets!(labels, executor.classes);
  const { loss } = await executor.trainStep(images, size, {
    kind: 'softTargets',
    probabilities,
    scale: 1 / size,
  });
  const parameters = executor.parameters.reduce((sum, { value }) => sum + value.length, 0);
  // Gradients in the weights' places come out in PyTorch's layout.
  for (const { value, gradient } of executor.parameters) value.set(gradient);
  await executor.parametersChanged();
  await executor.syncModel();
  const gradients = Object.entries(stateDict(model)).filter(([name]) => /\.(weight|bias)$/.test(name));
  await executor.dispose();
  return {
    parameters,
    outputs,
    loss,
    gradients: gradients.map(([, { data }]) => [...(data as Float32Array)]),
  };
}

function expectSameWork(peer: Computed, own: Computed): void {
  expect(peer.parameters).toBe(own.parameters);
  expect(Math.abs(peer.loss / own.loss - 1)).toBeLessThan(1e-5);
  expect(furthest(peer.outputs, own.outputs)).toBeLessThan(1e-5);
  expect(peer.gradients.map(({ length }) => length)).toEqual(own.gradients.map(({ length }) => length));
  // Plain backgrounds tie in max-pools, and rounding decides which pixel gets the gradient: a few percent of a tensor.
  // The gradient of a bias before a batch norm is nothing but rounding.
  const largest = Math.max(...own.gradients.map(norm));
  peer.gradients.forEach((values, i) => {
    const difference = norm(own.gradients[i].map((value, j) => value - values[j]));
    expect(difference).toBeLessThan(0.05 * norm(own.gradients[i]) + 1e-4 * largest);
  });
}

const norm = (values: readonly number[]): number => Math.hypot(...values);

function furthest(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  return Array.from(a).reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}

test.skipIf(typeof python === 'string').each(NETS)(
  'PyTorch trains and runs the same %s, in both memory formats, plain and tuned',
  async (net) => {
    if (typeof python === 'string') return;
    const { model, weights, shape } = netOf(net);
    await inFolder(async (folder) => {
      const file = join(folder, 'weights.pth');
      await writeFile(file, writeTorchFile(weights));
      const args = [script, JSON.stringify({ shape, weights: file, batch: BATCH, root })];
      const options = { env: { ...process.env, ...PYTHON_ENV }, maxBuffer: 2 ** 26 };
      const { stdout } = await promisify(execFile)(python.file, args, options);
      const own = await ours(model, (await firstBatches(root, BATCH))());
      const formats = stdout.trim().split('\n');
      expect(formats).toHaveLength(4);
      for (const computed of formats) expectSameWork(JSON.parse(computed) as Computed, own);
    });
  },
  60_000,
);

test.skipIf(typeof onnxRuntime === 'string').each(NETS)('onnxruntime runs the same %s', async (net) => {
  if (typeof onnxRuntime === 'string') return;
  const { model } = netOf(net);
  const { images, size, ...rest } = (await firstBatches(root, BATCH))();
  const infer = await onnxRuntimeInfer(model, { entry: onnxRuntime.entry, threads: 1, batchSize: size });
  const outputs = await infer(images, size);
  expect(furthest(outputs, (await ours(model, { images, size, ...rest })).outputs)).toBeLessThan(1e-5);
});

test('jax-js trains and runs the same net', async () => {
  await init('wasm');
  const { model, weights, shape } = netOf('optimizedNet');
  const batch = (await firstBatches(root, BATCH))();
  const array = (name: string) =>
    np.array(weights[name].data.slice() as Float32Array).reshape([...weights[name].shape]);
  const filled = (): Params => ({
    blocks: shape.channels.map((_, i) => ({
      kernel: array(`conv${i + 1}.weight`),
      bias: array(`conv${i + 1}.bias`),
      gamma: array(`bn${i + 1}.weight`),
      beta: array(`bn${i + 1}.bias`),
    })),
    fc: { kernel: array('fc.weight').transpose(), bias: array('fc.bias') },
  });
  const statistics = () =>
    shape.channels.map((_, i) => ({
      mean: array(`bn${i + 1}.running_mean`),
      variance: array(`bn${i + 1}.running_var`),
    }));
  const [fresh] = initialise(shape, 1);
  const sizes = (params: Params) => tree.leaves(params).map((leaf: np.Array) => leaf.shape);
  expect(sizes(fresh)).toEqual(sizes(filled()));

  const outputs = await predict(shape, filled(), statistics(), imagesOf(batch)).data();
  const [[loss], { blocks, fc }] = valueAndGrad(lossOf(shape), { hasAux: true })(filled(), statistics(), [
    imagesOf(batch),
    oneHot(batch),
    random.key(1),
  ]) as unknown as [[np.Array], Params];
  const gradients = [...blocks.flatMap(({ kernel, bias, gamma, beta }) => [kernel, bias, gamma, beta])];
  gradients.push(fc.kernel.transpose(), fc.bias);
  const values: number[][] = await Promise.all(
    gradients.map(async (gradient) => [...(await gradient.data())]),
  );
  expectSameWork(
    {
      parameters: values.reduce((sum: number, { length }) => sum + length, 0),
      outputs,
      loss: (await loss.data())[0],
      gradients: values,
    },
    await ours(model, batch),
  );
}, 120_000);
