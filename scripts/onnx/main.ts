/** `npm run test:onnx`: see `--help`. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { useBackend } from '@mnist-kit/engine';
import { fromOnnx, toOnnx } from '@mnist-kit/onnx';
import {
  type Case,
  differsInKind,
  fromLayout,
  inLayout,
  predict,
  randomNet,
  sampleCases,
  variants,
} from './cases.js';
import { checkFiles, findChecker } from './checker.js';
import { digestOf, type Golden, writeGolden } from './golden.js';
import { runOnnx } from './runtime.js';

const HELP = `ONNX files of random nets and the three of the notebook against onnxruntime.

  npm run test:onnx -- [options]

  --count N      how many random nets (50)
  --seed N       seed of the first; the others follow it (1)
  --keep FOLDER  keep the files there
  --fixtures     write what onnxruntime gave for a sample as the fixture of npm test

Every net is written with batch norms kept and folded, channels first and last. onnxruntime's outputs must be within
1e-5 of ours, where outputs are beyond 1 of the largest; the checker of onnx, where a Python has it, must be content.
What is read back must give the same bits as before, or be within 1e-5 where batch norms were folded.
`;

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '50' },
    seed: { type: 'string', default: '1' },
    keep: { type: 'string' },
    fixtures: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit();
}

const TOLERANCE = 1e-5;
const folder = options.keep ?? (await mkdtemp(join(tmpdir(), 'onnx-')));
const paths: string[] = [];
const rows: Record<string, Record<string, string>> = {};
const golden: Golden = {};
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
if (options.fixtures) await writeGolden(golden);
console.table(rows);
console.log(`${Object.keys(rows).length} nets, ${paths.length} files, ${failures} failures`);
process.exitCode = failures > 0 ? 1 : 0;

function* cases(): Iterable<Case> {
  yield* sampleCases();
  const first = Number(options.seed);
  for (let seed = first; seed < first + Number(options.count); seed++) yield randomNet(seed);
}

async function compare(one: Case): Promise<void> {
  const { name, model } = one;
  const { engine, outputs: ours } = await predict(model, one.images, one.shape);
  const scale = Math.max(1, ...ours.map(Math.abs));
  const row: Record<string, string> = { engine, largest: scale.toPrecision(3) };
  rows[name] = row;
  golden[name] = {};
  for (const [variant, settings] of Object.entries(variants)) {
    const bytes = toOnnx(model, settings);
    const path = join(folder, `${name.replace(' ', '-')}-${variant}.onnx`);
    await writeFile(path, bytes);
    paths.push(path);
    const layout = settings.layout ?? 'NCHW';
    const { data, shape } = inLayout(one, layout);
    const theirs = await runOnnx(bytes, data, shape);
    const outputs = fromLayout(one, theirs.data, theirs.dims, layout);
    golden[name][variant] = { digest: digestOf(bytes), outputs: [...outputs] };
    const error = difference(ours, outputs);
    row[variant] = (error / scale).toExponential(1);
    if (!(error <= TOLERANCE * scale)) {
      failures += 1;
      row[variant] += ' FAR';
    }
    const exact = variant !== 'folded' && !differsInKind(one);
    row[`${variant}, read`] = await roundTrip(bytes, { engine, outputs: ours }, one, exact);
  }
}

/** What the model gives that is read back: the same bits, unless batch norms were folded. */
async function roundTrip(
  bytes: Uint8Array,
  { engine, outputs: before }: { engine: string; outputs: Float32Array },
  one: Case,
  keepsBits: boolean,
): Promise<string> {
  const back = fromOnnx(bytes);
  // What is read has its channels last.
  const { data, shape } = inLayout(one, 'NHWC');
  const { outputs: after, ...ran } = await predict(back, data, shape);
  // The plan may run what is read where it could not run the model: each layer has weights of its own.
  const exact = keepsBits && ran.engine === engine;
  back.dispose();
  if (before.every((value, i) => value === after[i])) return 'same';
  const error = difference(before, after) / Math.max(1, ...before.map(Math.abs));
  if (exact || !(error <= TOLERANCE)) failures += 1;
  return `${error.toExponential(1)}${exact ? ' DIFFERS' : ''}`;
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

function difference(a: Float32Array, b: Float32Array): number {
  if (a.length !== b.length) return Number.NaN;
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i])), 0);
}
