import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors, stateDict } from '@mnist-kit/models';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programOf } from '../export/program.js';
import { PRESETS } from '../settings/presets.js';
import { DEFAULTS, type Settings } from '../settings/settings.js';
import { trainingData } from '../worker/training-data.js';
import { trainingParts } from '../worker/training-parts.js';

/** Beside the packages, which a program finds from there. */
const folder = fileURLToPath(new URL('../../node_modules/.cache/programs', import.meta.url));
beforeAll(() => mkdirSync(folder, { recursive: true }));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const short = {
  samples: 256,
  batchSize: 64,
  epochs: 1,
  validations: 1,
  threads: 1,
} satisfies Partial<Settings>;
const cases: Record<string, Settings> = {
  'OptimizedNet as it comes': { ...DEFAULTS, ...short },
  'a composed net with everything switched on': {
    ...DEFAULTS,
    ...short,
    net: {
      kind: 'compactNet',
      blocks: [{ conv: 8, padding: 'valid' }, 'maxPool', { separable: 8, residual: true }],
      scale: true,
    },
    optimizer: 'muon',
    lr: 0.02,
    schedule: { kind: 'cosine' },
    augmentation: { rotate: 10, shift: 0.1, zoom: 0.1, shear: 5 },
    labelSmoothing: 0.1,
    mixup: 0.4,
    averageFrom: 0.5,
    epochs: 2,
    seed: 7,
  },
};

test.each(Object.entries(cases))(
  'the program of %s trains to the bits of the page',
  async (_name, settings) => {
    const source = programOf(settings, { address: 'https://example.org/#lr=1' });
    const { outputText } = ts.transpileModule(source, {
      compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
    });
    const home = join(folder, settings.net.kind);
    mkdirSync(home, { recursive: true });
    writeFileSync(join(home, 'train.mjs'), outputText);
    const { status, stderr, stdout } = spawnSync(process.execPath, ['train.mjs'], {
      cwd: home,
      encoding: 'utf8',
    });
    expect({ status, stderr: status === 0 ? '' : stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/validation accuracy: 0\.\d+/);
    const theirs = readSafetensors(readFileSync(join(home, 'weights.safetensors')));

    const { model, trainer, train, val } = trainingParts(settings, await trainingData(settings, {}), {
      threads: 1,
    });
    await trainer.fit(train, { val, epochs: settings.epochs });
    const ours = stateDict(model);
    await Promise.all([trainer.dispose(), train.dispose(), val.dispose()]);
    expect(Object.keys(theirs).sort()).toEqual(Object.keys(ours).sort());
    for (const [name, { data }] of Object.entries(ours)) expect(theirs[name].data, name).toEqual(data);
  },
  120_000,
);

test('the programs of all presets are TypeScript without an error', () => {
  const names = PRESETS.map(({ name, settings }) => {
    const file = join(folder, `${name}.mts`);
    writeFileSync(
      file,
      programOf({ ...settings, data: name === 'quick' ? 'fashionMnist' : settings.data }, { factor: 0.5 }),
    );
    return file;
  });
  const program = ts.createProgram(names, {
    noEmit: true,
    strict: true,
    skipLibCheck: true,
    module: ts.ModuleKind.NodeNext,
    moduleResolution: ts.ModuleResolutionKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
  });
  const errors = ts
    .getPreEmitDiagnostics(program)
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
  expect(errors).toEqual([]);
}, 120_000);
