import { afterAll, beforeAll, expect, test } from 'vitest';
import { brokenPromises, examplePrograms, guidePrograms, runAll, typeCheckAll } from './documented-code.js';
import { allExports } from './exports.js';
import { ProgramFolder } from './programs.js';

const folder = new ProgramFolder('documented-code');
beforeAll(() => folder.create());
afterAll(() => folder.remove());

/** What runs: `npm run test:docs` all, `DOCS=docs/own-` what has such a name, and otherwise a sample. */
const { DOCS } = process.env;

const exported = allExports();
const guides = await guidePrograms();
const examples = examplePrograms(exported);

/** Programs that cannot run here, and why. */
const NOT_RUN: Record<string, string> = {
  '@mnist-kit/datasets idxDataset': "fetches files from the page's own server",
  '@mnist-kit/models readTorchFile':
    'its checkpoint holds two state dicts of one net, as only a training in Python leaves it',
  '@mnist-kit/onnx UnsupportedOnnxError': 'reads a file that another program made',
  '@mnist-kit/trainer/worker TrainingClient': "starts a browser's Worker",
  '@mnist-kit/trainer EventStream': 'waits for a fit that runs beside it',
};

/** Programs that end in the error that they show. */
const ENDS_IN: Record<string, RegExp> = {
  'docs/browser.md 2': /hostTraining must be called in a worker/,
  '@mnist-kit/trainer/worker hostTraining': /hostTraining must be called in a worker/,
  '@mnist-kit/models checkModel': /`model` must have its weights: `dispose` was called/,
};

/** Programs that take seconds, of which every second counts in a sample. */
const SLOW = /^(README|docs|packages|examples)|trainer Trainer$|datasets (BatchIterator|DataLoader)$/;

test('every export of every package has a docstring and an example', () => {
  const named = (bare: readonly { module: string; name: string }[]) =>
    bare.map((of) => `${of.module} ${of.name}`);
  expect(exported.length).toBeGreaterThan(350);
  expect(named(exported.filter(({ text }) => text === ''))).toEqual([]);
  expect(named(exported.filter(({ examples: own }) => own.length === 0))).toEqual([]);
});

test('every program of every page, and the example of every export, type-checks', () => {
  expect(guides.length).toBeGreaterThan(15);
  expect(examples.length).toBeGreaterThan(350);
  expect(typeCheckAll([...guides, ...examples], folder)).toBe('');
}, 240_000);

test('programs of the documentation run, and print what they say: all of them, or a sample', async () => {
  const known = new Set([...guides, ...examples].map(({ name }) => name));
  for (const name of [...Object.keys(NOT_RUN), ...Object.keys(ENDS_IN)]) expect(known).toContain(name);

  const runnable = [...guides, ...examples].filter(({ name }) => NOT_RUN[name] === undefined);
  const sample = () => runnable.filter(({ name }) => !SLOW.test(name)).filter((_, i) => i % 12 === 5);
  const chosen =
    DOCS === undefined
      ? sample()
      : runnable.filter(({ name }) => DOCS === 'all' || new RegExp(DOCS).test(name));
  const outcomes = await runAll(chosen, folder);
  const wrong = outcomes.flatMap((outcome, i) => {
    const expected = ENDS_IN[outcome.name];
    if (expected?.test(outcome.error ?? 'no error')) return [];
    if (expected !== undefined || outcome.error !== undefined) return [`${outcome.name}: ${outcome.error}`];
    return brokenPromises(chosen[i], outcome).map((broken) => `${outcome.name}: ${broken}`);
  });
  expect(wrong).toEqual([]);
  expect(outcomes).toHaveLength(chosen.length);
  const seconds = outcomes.reduce((sum, outcome) => sum + outcome.seconds, 0);
  console.log(
    `${outcomes.length} of ${known.size} programs ran, in ${seconds.toFixed(1)} s of the processor`,
  );
}, 3_600_000);
