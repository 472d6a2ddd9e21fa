import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
const canTest = existsSync('/dev/full') && existsSync('/bin/bash');

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-kit-output-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Runs the program in a shell, its output sent `where`; `code` is the program's own. */
function shell(args: string, where: string): Promise<{ code: string; stdout: string; stderr: string }> {
  const command = `'${process.execPath}' '${program}' ${args} ${where}; echo "\${PIPESTATUS[0]}" >&3`;
  return new Promise((resolve) => {
    execFile('/bin/bash', ['-c', `{ ${command}; } 3>code`], { cwd: folder }, async (_error, stdout, stderr) =>
      resolve({ code: (await readFile(join(folder, 'code'), 'utf8')).trim(), stdout, stderr }),
    );
  });
}

/** A run of one epoch, which must leave the files of a whole one and nothing else. */
async function run(where: string, options = '') {
  const out = await mkdtemp(join(folder, 'run-'));
  const args = `--train-samples 128 --eval-samples 256 --epochs 1 --threads 1 --out '${out}' ${options}`;
  const outcome = await shell(args, where);
  const names = [...(await readdir(out)), ...(await readdir(join(out, 'checkpoints')))];
  expect(names).toEqual(
    expect.arrayContaining(['results.json', 'history.csv', 'best.safetensors', 'report.html']),
  );
  expect(names.filter((name) => /lock|tmp/.test(name))).toEqual([]);
  expect(outcome.stderr).not.toMatch(/^\s+at /m);
  return outcome;
}

test.skipIf(!canTest)('a reader that leaves after a line does not end the run', async () => {
  expect(await run('| head -1')).toMatchObject({ code: '0', stderr: '' });
});

test.skipIf(!canTest)('a full disk under stdout does not end the run; it is said once', async () => {
  const { code, stderr } = await run('> /dev/full');
  expect(stderr).toMatch(
    /^stdout takes no more \(ENOSPC.*\)\. What is trained and written to files goes on\.\n$/,
  );
  expect(code).toBe('0');
});

test.skipIf(!canTest)('nor do a closed stdout and a full stderr', async () => {
  expect((await run('>&- 2> /dev/full')).code).toBe('0');
});

test.skipIf(!canTest)('a line of --json that nobody takes is an error, after a whole run', async () => {
  const { code, stderr } = await run('> /dev/full', '--json');
  expect(stderr).toMatch(/\nerror: stdout did not take the result \(ENOSPC.*\)\n$/);
  expect(code).toBe('1');
});

test.skipIf(!canTest)(
  'with --json the line arrives under a full stderr, and at a reader that is late',
  async () => {
    const { code, stdout } = await run('2> /dev/full | (sleep 4; cat)', '--json');
    expect(JSON.parse(stdout).experiments).toHaveLength(1);
    expect(code).toBe('0');
  },
);

test.skipIf(!canTest)('help that nobody reads, and a mistake that cannot be told, end as ever', async () => {
  expect((await shell('--help', '| true')).code).toBe('0');
  expect((await shell('--epochs 0', '2> /dev/full')).code).toBe('2');
});
