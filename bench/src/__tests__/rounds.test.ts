import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measureWork } from '../rounds/measure-work.js';
import { median, medianRatio } from '../rounds/statistics.js';
import type { Runner } from '../runners/runner.js';
import { planRounds, QUICK } from '../works/effort.js';
import { epochBatches, type Work } from '../works/work.js';
import { inFolder } from './run-bench.js';

const work: Work = { kind: 'train-step', net: 'optimizedNet', batch: 32 };
const effort = { ...QUICK, warmUpMs: 0 };

/** A runner whose child process is a few lines of JavaScript. */
function scripted(name: string, script: string): Runner {
  return {
    name,
    reference: undefined,
    threads: 1,
    refuses: () => undefined,
    command: () => ({ file: process.execPath, args: ['-e', script] }),
  };
}

/** Answers `ms` to every question, and notes its name in `file`. */
const answering = (name: string, ms: number, file: string) =>
  scripted(
    name,
    `const { appendFileSync } = require('node:fs');
     console.log('{"ready":true}');
     require('node:readline').createInterface({ input: process.stdin }).on('line', () => {
       appendFileSync(${JSON.stringify(file)}, '${name}');
       console.log('{"ms":${ms}}');
     });`,
  );

async function measure(runners: Runner[]) {
  const notes: string[] = [];
  const listener = { progress: () => {}, note: (line: string) => void notes.push(line) };
  return { measured: await measureWork(work, runners, { effort, root: '', listener }), notes };
}

test('runners warm up one after the other and then take turns', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'turns');
    const { measured } = await measure([answering('A', 3, file), answering('B', 5, file)]);
    expect(await readFile(file, 'utf8')).toBe('ABABABAB');
    expect(measured.map(({ runner, values }) => [runner.name, values])).toEqual([
      ['A', [3, 3, 3]],
      ['B', [5, 5, 5]],
    ]);
  });
});

test('a runner that dies is left out with what it said, and the others go on', async () => {
  await inFolder(async (folder) => {
    const dying = scripted('dying', `console.error('no such kernel'); process.exit(3)`);
    const missing: Runner = {
      ...dying,
      name: 'missing',
      command: () => ({ file: '/nonexistent', args: [] }),
    };
    const halfway = scripted(
      'halfway',
      `console.log('{"ready":true}');
       let answers = 0;
       require('node:readline').createInterface({ input: process.stdin }).on('line', () => {
         if (++answers > 2) process.exit(4);
         console.log('{"ms":1}');
       });`,
    );
    const { measured, notes } = await measure([
      dying,
      missing,
      halfway,
      answering('A', 3, join(folder, 'turns')),
    ]);
    expect(measured.map(({ runner, values }) => [runner.name, values])).toEqual([['A', [3, 3, 3]]]);
    expect(notes).toHaveLength(3);
    expect(notes[0]).toMatch(/train-step\/optimizedNet\/32: dying failed: ended with 3: no such kernel/);
    expect(notes[1]).toMatch(/missing failed: .*ENOENT/);
    expect(notes[2]).toMatch(/halfway failed: ended with 4/);
  });
});

test('a runner that needs many seconds for a step is measured once; an epoch has as many batches as asked for', () => {
  expect(planRounds(work, QUICK, 6000)).toEqual({ rounds: 1, steps: 1 });
  expect(planRounds(work, QUICK, 15)).toEqual({ rounds: 3, steps: 10 });
  expect(planRounds({ ...work, kind: 'epoch' }, QUICK, 15)).toEqual({ rounds: 3, steps: 10 });
  expect(epochBatches({ ...work, batch: 128 })).toBe(391);
});

test('the median, and the median of ratios of rounds that belong together', () => {
  expect(median([5, 1, 3])).toBe(3);
  expect(median([4, 1, 3, 2])).toBe(2.5);
  // The third round was busy for both; medians of each alone would give 4 / 2.5.
  expect(medianRatio([4, 6, 40], [2, 2.5, 20])).toBe(2);
  expect(medianRatio([4, 6, 40], [2])).toBe(2);
});
