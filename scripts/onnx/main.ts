/** `npm run test:onnx`: see `--help`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Generator } from '@mnist-kit/core';
import { createExecutor, useBackend } from '@mnist-kit/engine';
import { conservativeImprovedNet, improvedNet, optimizedNet } from '@mnist-kit/models';
import { fromOnnx, type ToOnnxOptions, toOnnx } from '@mnist-kit/onnx';
import * as tf from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { buildModel } from '../../packages/engine/src/__tests__/architectures/build.js';
import { generate } from '../architectures/generate.js';
import { drawInputs } from '../architectures/inputs.js';
import { checkFiles, findChecker } from './checker.js';
import { runOnnx } from './runtime.js';

const HELP = `ONNX files of random nets and the three of the notebook against onnxruntime.

  npm run test:onnx -- [options]

  --count N      how many random nets (50)
  --seed N       seed of the first; the others follow it (1)
  --keep FOLDER  keep the files there

Every net is written with batch norms kept and folded, channels first and last. onnxruntime's outputs must be within
1e-5 of ours, where outputs are beyond 1 of the largest; the checker of onnx, where a Python has it, must be content.
What is read back must give the same bits as before, or be within 1e-5 where batch norms were folded.
`;

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit();
}

const TOLERANCE = 1e-5;
const variants: Readonly<Record<string, ToOnnxOptions>> = {
  kept: {},
  folded: { batchNorm: 'fold' },
  NHWC: { layout: 'NHWC' },
};

/** A model with images for it, channels last. */
interface Case {
  readonly name: string;
  readonly model: tfl.LayersModel;
  readonly images: Float32Array;
  readonly shape: readonly number[];
}

const folder = options.keep ?? (await mkdtemp(join(tmpdir(), 'onnx-')));
const paths: string[] = [];
const rows: Record<string, Record<string, string>> = {};
let failures = 0;
await useBackend('cpu');
try {
  for (const one of cases()) {
    await compare(one);
    one.model.dispose();
  }
  await check();
} finally {
  if (options.keep === undefined) await rm(folder, { recursive: true, force: true });
}
console.table(rows);
console.log(`${Object.keys(rows).length} nets, ${paths.length} files, ${failures} failures`);
process.exitCode = failures > 0 ? 1 : 0;

function* cases(): Iterable<Case> {
  const generator = new Generator(1);
  for (const make of [optimizedNet, improvedNet, conservativeImprovedNet]) {
    const model = make({ generator });
    // Running statistics that are none would hide mistakes.
    tf.tidy(() => {
      for (const weight of model.weights)
        if (/\/(moving_|gamma|beta)/.test(weight.originalName))
          weight.write(tf.tensor(generator.uniform(weight.shape[0] as number, 0.5, 1.5)));
    });
    yield { name: model.name, model, images: generator.randn(8 * 784), shape: [8, 28, 28, 1] };
  }
  const first = Number(options.seed);
  for (let seed = first; seed < first + Number(options.count); seed++) {
    const generated = generate(seed);
    const inputs = drawInputs(generated);
    const model = buildModel(generated.architecture);
    tf.tidy(() => {
      for (const weight of model.weights) {
        const { shape, data } = inputs[`weights/${weight.originalName}`];
        weight.write(tf.tensor(data.slice(), [...shape]));
      }
    });
    yield { name: `seed ${seed}`, model, images: inputs.images.data, shape: inputs.images.shape };
  }
}

async function compare(one: Case): Promise<void> {
  const { name, model, images, shape } = one;
  const { engine, outputs: ours } = await predict(model, one);
  const scale = Math.max(1, ...ours.map(Math.abs));
  const row: Record<string, string> = { engine, largest: scale.toPrecision(3) };
  rows[name] = row;
  for (const [variant, settings] of Object.entries(variants)) {
    const bytes = toOnnx(model, settings);
    const path = join(folder, `${name.replace(' ', '-')}-${variant}.onnx`);
    await writeFile(path, bytes);
    paths.push(path);
    const nhwc = settings.layout === 'NHWC';
    const [batch, height, width, channels] = shape;
    const theirs = nhwc
      ? await runOnnx(bytes, images, shape)
      : await runOnnx(bytes, channelsFirst(images, shape), [batch, channels, height, width]);
    const error = difference(ours, theirs.data);
    row[variant] = (error / scale).toExponential(1);
    if (!(error <= TOLERANCE * scale)) {
      failures += 1;
      row[variant] += ' FAR';
    }
    row[`${variant}, read`] = await roundTrip(bytes, ours, one, variant !== 'folded');
  }
}

/** What the model gives that is read back: the same bits, unless batch norms were folded. */
async function roundTrip(
  bytes: Uint8Array,
  before: Float32Array,
  one: Case,
  exact: boolean,
): Promise<string> {
  const back = fromOnnx(bytes);
  const { outputs: after } = await predict(back, one);
  back.dispose();
  if (before.every((value, i) => value === after[i])) return 'same';
  const error = difference(before, after) / Math.max(1, ...before.map(Math.abs));
  if (exact || !(error <= TOLERANCE)) failures += 1;
  return `${error.toExponential(1)}${exact ? ' DIFFERS' : ''}`;
}

async function predict(model: tfl.LayersModel, { images, shape }: Pick<Case, 'images' | 'shape'>) {
  const executor = await createExecutor(model, { threads: 1 });
  try {
    return { engine: executor.engine, outputs: (await executor.predict(images, shape[0])).slice() };
  } finally {
    await executor.dispose();
    // Eager may have chosen another one.
    await useBackend('cpu');
  }
}

async function check(): Promise<void> {
  const python = await findChecker();
  if (python === undefined) {
    console.log('No Python with onnx (Debian: python3-onnx): the checker is left out.');
    return;
  }
  const verdicts = await checkFiles(python, paths);
  for (const [i, path] of paths.entries())
    if (verdicts[i] !== 'content') {
      failures += 1;
      console.error(`${path}: ${verdicts[i]}`);
    }
  console.log(`The checker is content with ${verdicts.filter((one) => one === 'content').length} files.`);
}

/** The images as PyTorch and ONNX have them. */
function channelsFirst(
  images: Float32Array,
  [batch, height, width, channels]: readonly number[],
): Float32Array {
  const pixels = height * width;
  return images
    .map((_, at) => {
      const [n, rest] = [Math.floor(at / (pixels * channels)), at % (pixels * channels)];
      const [channel, pixel] = [Math.floor(rest / pixels), rest % pixels];
      return images[(n * pixels + pixel) * channels + channel];
    })
    .subarray(0, batch * pixels * channels);
}

function difference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.NaN;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}
