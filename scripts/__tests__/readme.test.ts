import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

const run = promisify(execFile);
const root = fileURLToPath(new URL('../..', import.meta.url));
// Under node_modules, so that the program finds the packages as an installed user's does, and git does not see it.
const folder = join(root, 'node_modules', '.cache', 'mnist-kit', 'readme');

/** The first TypeScript block of the README. */
async function firstProgram(): Promise<string> {
  const readme = await readFile(join(root, 'README.md'), 'utf8');
  const program = /```ts\n([\s\S]*?)```/.exec(readme)?.[1];
  if (program === undefined) throw new Error('README.md has no TypeScript block');
  return program;
}

/** The program cut down: one epoch of ten batches. The rest of the training images goes to a third subset. */
function cutDown(program: string): string {
  const replacements = [
    ['epochs: 20', 'epochs: 1'],
    ['[50_000, 10_000]', '[1_280, 512, 58_208]'],
    ["'runs/first'", JSON.stringify(join(folder, 'first'))],
  ];
  return replacements.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`README's program must hold ${from} exactly once`);
    return text.replace(from, to);
  }, program);
}

beforeAll(async () => {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('the first program of the README type-checks as it stands', async () => {
  await writeFile(join(folder, 'as-it-stands.ts'), await firstProgram());
  const config = {
    extends: join(root, 'tsconfig.base.json'),
    // A variable that a program does not use is its own business.
    compilerOptions: { noEmit: true, noUnusedLocals: false, typeRoots: [join(root, 'node_modules/@types')] },
    files: ['as-it-stands.ts'],
  };
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
  await writeFile(join(folder, 'tsconfig.json'), JSON.stringify(config));
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const outcome = await run(process.execPath, [tsc, '-p', folder]).catch((error) => error);
  expect(outcome.stdout).toBe('');
  expect(outcome.code).toBeUndefined();
});

test('the first program of the README runs, cut down to ten batches', async () => {
  const { outputText } = ts.transpileModule(cutDown(await firstProgram()), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  });
  await writeFile(join(folder, 'program.mjs'), outputText);
  const { stdout } = await run(process.execPath, [join(folder, 'program.mjs')], { cwd: folder });
  const accuracy = Number(/testAccuracy: ([\d.]+)/.exec(stdout)?.[1]);
  // After ten steps little is learned: what matters is that ten thousand images were judged.
  expect(accuracy).toBeGreaterThan(0.02);
  expect(accuracy).toBeLessThan(1);
  expect(existsSync(join(folder, 'first', 'best.safetensors'))).toBe(true);
}, 120_000);

test('the guide explains the lines of that program and no others', async () => {
  const program = new Set((await firstProgram()).split('\n'));
  const guide = await readFile(join(root, 'docs', 'getting-started.md'), 'utf8');
  const blocks = [...guide.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1].trimEnd());
  expect(blocks.length).toBeGreaterThan(3);
  expect(blocks.flatMap((block) => block.split('\n')).filter((line) => !program.has(line))).toEqual([]);
});
