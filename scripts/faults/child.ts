/**
 * A fit that keeps everything there is to keep in a folder, for strace to look at: it says when it is ready, and begins
 * when it is told `fit`, `resume` or `watch`. What it loads later on is loaded before that.
 */
import { createHash } from 'node:crypto';
import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { MnistKitError } from '@mnist-kit/core';
import { keepEverything } from '../../packages/trainer/src/__tests__/keep-everything.js';
import { WatchedFiles } from '../../packages/trainer/src/__tests__/watched-files.js';

/** What the process prints at its end. */
export interface Report {
  readonly error?: { readonly typed: boolean; readonly message: string };
  /** Steps that it has trained. */
  readonly steps: number;
  /** Of weights and history. */
  readonly digest?: string;
  /** What the watcher has seen. */
  readonly operations?: readonly string[];
}

const [, , dir, warmUp] = process.argv;
// A file of events has the time in its name, which must be known beforehand.
Date.now = () => 1e12;
await keepEverything(warmUp);
await keepEverything(warmUp);
rmSync(warmUp, { recursive: true });
process.stdout.write('ready\n');

const lines = createInterface({ input: process.stdin });
lines.once('line', async (order) => {
  lines.close();
  let steps = 0;
  const onStep = () => {
    steps++;
  };
  const files = new WatchedFiles(dir);
  const train = () => keepEverything(dir, { onStep, resume: order === 'resume' ? 'auto' : undefined });
  let report: Report;
  try {
    const ended = await (order === 'watch' ? files.watch(train) : train());
    const digest = createHash('sha256').update(JSON.stringify(ended)).digest('hex');
    const operations = files.operations.map(({ kind, path }) => `${kind} ${path}`);
    report = { steps, digest, operations };
  } catch (error) {
    report = { steps, error: { typed: error instanceof MnistKitError, message: String(error) } };
  }
  process.stdout.write(`${JSON.stringify(report)}\n`);
});
