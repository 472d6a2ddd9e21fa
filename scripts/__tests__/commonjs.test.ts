import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ProgramFolder, root } from './programs.js';

const folder = new ProgramFolder('commonjs');

const common = `
import { Generator } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import models = require('@mnist-kit/models');
import { Adam } from '@mnist-kit/optim';
import { Trainer } from '@mnist-kit/trainer';

export const generator = new Generator(1);
export const take = (from: Generator): number => from.randomUint32();
const model = models.optimizedNet({ generator });
const optimizer: Adam = new Adam({ lr: 1e-3 });
const layers: number = model.layers.length;
// @ts-expect-error The types are there: they refuse what is wrong.
const wrong = () => new Generator('1');
export const summary = { layers, adam: optimizer instanceof Adam, others: [typeof writeFileAtomic, typeof Trainer] };
`;

const esm = `
import { Generator } from '@mnist-kit/core';
import { optimizedNet } from '@mnist-kit/models';
import { generator, summary, take } from './common.cjs';

// One copy of the code and of its types: what one module makes the other one takes.
const here: Generator = generator;
optimizedNet({ generator: here });
console.log(JSON.stringify({ ...summary, taken: take(new Generator(2)), same: here instanceof Generator }));
`;

const path = (name: string) => join(folder.path, name);

beforeAll(async () => {
  await folder.create();
  await writeFile(path('package.json'), '{}');
  await writeFile(path('common.cts'), common);
  await writeFile(path('main.mts'), esm);
});
afterAll(() => folder.remove());

const modes: Record<string, Pick<ts.CompilerOptions, 'module' | 'moduleResolution'>> = {
  node16: { module: ts.ModuleKind.Node16 },
  node18: { module: ts.ModuleKind.Node18 },
  node20: { module: ts.ModuleKind.Node20 },
  nodenext: { module: ts.ModuleKind.NodeNext },
};

function complaints(files: string[], options: ts.CompilerOptions): string[] {
  const program = ts.createProgram(files.map(path), {
    strict: true,
    // TensorFlow.js's own declarations do not pass without.
    skipLibCheck: true,
    target: ts.ScriptTarget.ES2022,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
    outDir: path('out'),
    ...options,
  });
  if (options.noEmit !== true) program.emit();
  return ts
    .getPreEmitDiagnostics(program)
    .map((diagnostic) => ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n'));
}

test.each(Object.entries(modes))('CommonJS and ES modules in TypeScript share the types: %s', (_, mode) => {
  expect(complaints(['common.cts', 'main.mts'], { ...mode, noEmit: true })).toEqual([]);
});

test('CommonJS that leaves modules to a bundler has the types', () => {
  const bundled = { module: ts.ModuleKind.CommonJS, moduleResolution: ts.ModuleResolutionKind.Bundler };
  expect(complaints(['common.cts'], { ...bundled, noEmit: true })).toEqual([]);
});

test('what is compiled runs by `require`, beside an ES module that uses the same classes', async () => {
  expect(complaints(['common.cts', 'main.mts'], { module: ts.ModuleKind.Node16 })).toEqual([]);
  const { stdout } = await promisify(execFile)(process.execPath, [path('out/main.mjs')], {
    cwd: folder.path,
  });
  expect(JSON.parse(stdout)).toEqual({
    layers: expect.any(Number),
    adam: true,
    others: ['function', 'function'],
    taken: expect.any(Number),
    same: true,
  });
});
