import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import { root } from './programs.js';

/** What the harness prints, and the code that it ends with. */
async function fuzz(...args: string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  const command = [join(root, 'scripts', 'fuzz.mjs'), ...args];
  return promisify(execFile)(process.execPath, command, { cwd: root }).then(
    (output) => ({ code: 0, ...output }),
    (error) => error,
  );
}

test('a sample of mutated inputs is parsed or refused by every parser', async () => {
  const { code, stdout, stderr } = await fuzz('--count', '32', '--seed', '1');
  expect(stderr).toBe('');
  expect(stdout).toMatch(/^512 inputs: \d+ parsed, \d+ refused, 0 findings$/m);
  expect(code).toBe(0);
}, 240_000);

test('a defect is found, made small, and reproduced by its file', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'findings-'));
  try {
    const targets = ['planted-error', 'planted-law', 'planted-death'];
    const { code, stdout } = await fuzz(
      ...targets.flatMap((target) => ['--target', target]),
      ...['--count', '64', '--findings', folder],
    );
    expect(code).toBe(1);
    for (const target of targets) expect(stdout).toMatch(new RegExp(`│ ${target} .*│ [1-3] +│`));
    const notes = (await readdir(folder)).filter((name) => name.endsWith('.json'));
    const kinds = await Promise.all(
      notes.map(async (name) => JSON.parse(await readFile(join(folder, name), 'utf8')).kind),
    );
    expect([...new Set(kinds)].toSorted()).toEqual(['death', 'defect']);
    // One change that puts the token in, of up to six.
    const law = notes.find((name) => name.startsWith('planted-law')) as string;
    const { recipe } = JSON.parse(await readFile(join(folder, law), 'utf8'));
    expect(recipe.edits).toHaveLength(1);
    const again = await fuzz('--target', 'planted-law', '--input', join(folder, law.replace('json', 'bin')));
    expect(again.stdout).toContain('defect: LawError: there is an exclamation mark');
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 240_000);
