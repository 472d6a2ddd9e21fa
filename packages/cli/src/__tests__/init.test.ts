import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { typeScriptBlocks } from '../../../../scripts/__tests__/programs.js';
import { runCli } from './run-cli.js';

const cli = fileURLToPath(new URL('../..', import.meta.url));
const typescript = fileURLToPath(new URL('../../../../node_modules/typescript/bin/tsc', import.meta.url));

/** Where what it makes finds the packages. */
let folder: string;
beforeAll(async () => {
  const cache = join(cli, 'node_modules', '.cache');
  await mkdir(cache, { recursive: true });
  folder = await mkdtemp(join(cache, 'init '));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the program that init makes is the README's, and compiles as its project says", async () => {
  const { code, stdout } = await runCli(['init', 'My Net'], { cwd: folder });
  expect(code).toBe(0);
  expect(stdout).toContain('Next: cd "My Net" && npm install && npm start');
  const project = join(folder, 'My Net');
  expect((await readdir(project)).sort()).toEqual([
    '.gitignore',
    'README.md',
    'package.json',
    'src',
    'tsconfig.json',
  ]);
  const [program] = await typeScriptBlocks('README.md');
  expect(await readFile(join(project, 'src', 'train.ts'), 'utf8')).toBe(program);
  const manifest = JSON.parse(await readFile(join(project, 'package.json'), 'utf8'));
  const { version } = JSON.parse(await readFile(join(cli, 'package.json'), 'utf8'));
  expect(manifest).toMatchObject({
    name: 'my-net',
    type: 'module',
    dependencies: { '@mnist-kit/core': `^${version}` },
  });
  const compiled = spawnSync(process.execPath, [typescript, '-p', project], { encoding: 'utf8' });
  expect(compiled.stdout).toBe('');
  expect(await readdir(join(project, 'dist'))).toEqual(['train.js']);
}, 120_000);

test('the config that init makes is read, and its schema is where it says', async () => {
  await runCli(['init', 'conf', '--template', 'config', '--name', 'my-own'], { cwd: folder });
  const file = join(folder, 'conf', 'mnist-kit.yaml');
  const { code, json } = await runCli(['train', '--config', file, '--print-config', '--json'], {
    cwd: folder,
  });
  expect(code).toBe(0);
  expect(json).toMatchObject({
    optimizer: { kind: 'AdamW' },
    epochs: 10,
    out: join(folder, 'conf', 'runs', 'first'),
  });
  expect(JSON.parse(await readFile(join(cli, 'package.json'), 'utf8')).exports['./schema.json']).toBe(
    './schema.json',
  );
  expect(await readFile(file, 'utf8')).toContain('node_modules/@mnist-kit/cli/schema.json');
});

test('init writes nothing where something is in the way', async () => {
  await mkdir(join(folder, 'full'));
  await writeFile(join(folder, 'full', 'package.json'), '{}');
  const { code, stderr } = await runCli(['init', 'full'], { cwd: folder });
  expect(code).toBe(2);
  expect(stderr).toContain('must not have package.json already');
  expect(await readdir(join(folder, 'full'))).toEqual(['package.json']);
  expect((await runCli(['init', 'x', '--name', 'Not A Name'], { cwd: folder })).stderr).toContain(
    '`--name` must be',
  );
  expect(await readdir(folder)).not.toContain('x');
});
