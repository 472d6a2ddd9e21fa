import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { vitestCounts } from '../lib/vitest-counts.mjs';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'mnist-kit-counts-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** A report with the fields of vitest's JSON reporter. */
async function report(suites: { status: string; tests: string[] }[]): Promise<string> {
  const all = suites.flatMap((suite) => suite.tests);
  const count = (status: string) => all.filter((test) => test === status).length;
  const file = join(folder, 'report.json');
  await writeFile(
    file,
    JSON.stringify({
      numPassedTests: count('passed'),
      numFailedTests: count('failed'),
      numPendingTests: count('pending'),
      numTodoTests: count('todo'),
      testResults: suites.map(({ status, tests }) => ({
        status,
        assertionResults: tests.map((test) => ({ status: test })),
      })),
    }),
  );
  return file;
}

test('tests are counted by their outcome', async () => {
  const file = await report([
    { status: 'passed', tests: ['passed', 'pending', 'todo'] },
    { status: 'failed', tests: ['passed', 'failed'] },
  ]);
  expect(vitestCounts(file, 1)).toEqual({ passed: 2, failed: 1, skipped: 2 });
});

test('a test file that cannot be loaded is a failure', async () => {
  const file = await report([
    { status: 'passed', tests: ['passed'] },
    { status: 'failed', tests: [] },
  ]);
  expect(vitestCounts(file, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

test('an error outside of all tests is a failure', async () => {
  const file = await report([{ status: 'passed', tests: ['passed'] }]);
  expect(vitestCounts(file, 1)).toEqual({ passed: 1, failed: 1, skipped: 0 });
});

test('a run that leaves no report is a failure', () => {
  expect(vitestCounts(join(folder, 'absent.json'), null)).toEqual({ passed: 0, failed: 1, skipped: 0 });
});
