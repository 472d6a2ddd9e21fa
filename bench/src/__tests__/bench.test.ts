import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Report } from '../report/report.js';
import { findPython } from '../runners/python.js';
import { inFolder, runBench, withoutPyTorch } from './run-bench.js';

const python = await findPython();

async function reportOf(args: readonly string[], env?: Record<string, string>): Promise<Report> {
  let report: Report | undefined;
  await inFolder(async (folder) => {
    const file = join(folder, 'results.json');
    const outcome = await runBench(['--quick', '--json', file, ...args], env);
    expect(outcome.stderr).toBe('');
    expect(outcome.code).toBe(0);
    report = JSON.parse(await readFile(file, 'utf8'));
  });
  return report!;
}

test('a quick run writes one result per work and runner, with every round, and says what it ran on', async () => {
  const only = 'train-step/optimizedNet/32 plan|inference/optimizedNet/512 plan-1t';
  const { machine, results, ratios, notes } = await reportOf(['--only', only], withoutPyTorch);
  expect(results.map(({ work, runner }) => `${work} ${runner}`)).toEqual([
    'train-step/optimizedNet/32 plan-1t',
    'train-step/optimizedNet/32 plan-2t',
    'inference/optimizedNet/512 plan-1t',
  ]);
  for (const { medianMs, minMs, rounds, roundsMs } of results) {
    expect(rounds).toBe(3);
    expect(roundsMs).toHaveLength(3);
    expect(medianMs).toBe([...roundsMs].sort((a, b) => a - b)[1]);
    expect(minMs).toBe(Math.min(...roundsMs));
    expect(minMs).toBeGreaterThan(0);
  }
  expect(machine.node).toBe(process.versions.node);
  expect(machine.cpu).not.toBe('');
  expect(machine.cores).toBeGreaterThan(0);
  expect(Date.parse(machine.date)).toBeLessThanOrEqual(Date.now());
  expect(machine.pytorch).toBeNull();
  expect(ratios).toEqual([]);
  expect(notes.join()).toMatch(/PyTorch is left out.*python3-torch/);
}, 120_000);

test('works that need a fresh process are measured once per round, memory on its own list', async () => {
  const only = '(time-to-first-step|peak-memory)/optimizedNet/128 plan-1t';
  const { results, memory, notes } = await reportOf(['--rounds', '1', '--only', only], withoutPyTorch);
  expect(results.map(({ work, rounds }) => [work, rounds])).toEqual([
    ['time-to-first-step/optimizedNet/128', 1],
  ]);
  if (process.platform === 'linux') {
    expect(memory).toHaveLength(1);
    // The training images alone are 45 MiB.
    expect(memory[0].medianMiB).toBeGreaterThan(45);
    expect(memory[0].medianMiB).toBeLessThan(4096);
  } else expect(notes.join()).toContain('Linux');
}, 120_000);

test.skipIf(typeof python === 'string')(
  'PyTorch does the same work in turns, and everybody is compared with both of its formats, tuned and not',
  async () => {
    const only = 'train-step/optimizedNet/32 (plan-1t|pytorch-nchw|pytorch-channels-last$)';
    const { machine, results, ratios } = await reportOf(['--rounds', '2', '--threads', '1', '--only', only]);
    expect(results.map(({ runner }) => runner)).toEqual([
      'plan-1t',
      'pytorch-nchw',
      'pytorch-channels-last',
      'pytorch-nchw-untuned',
    ]);
    expect(machine.pytorch?.torch).toMatch(/^\d+\.\d+/);
    const [plan, nchw] = results;
    const ratio = ratios.find(
      ({ runner, reference }) => runner === 'plan-1t' && reference === 'pytorch-nchw',
    );
    const expected = [0, 1].map((round) => nchw.roundsMs[round] / plan.roundsMs[round]);
    expect(ratio?.ratio).toBeCloseTo((expected[0] + expected[1]) / 2, 10);
    expect(new Set(ratios.filter(({ best }) => best).map(({ reference }) => reference)).size).toBe(1);
  },
  120_000,
);

test("how busy the engine is comes as a share of the time, with a step's parts", async () => {
  const only = 'engine-busy/optimizedNet/128/rotation-shift plan-1t';
  const { results, shares } = await reportOf(['--rounds', '2', '--only', only], withoutPyTorch);
  expect(results).toEqual([]);
  const [{ runner, medianPercent, rounds, parts }] = shares;
  expect([runner, rounds]).toEqual(['plan-1t', 2]);
  expect(medianPercent).toBeGreaterThan(0);
  expect(medianPercent).toBeLessThanOrEqual(100);
  expect(Object.values(parts).every((ms) => ms >= 0)).toBe(true);
}, 120_000);

test('a process that cannot have vectors of the width that it is called after ends and says why', async () => {
  const work = { kind: 'train-step', net: 'optimizedNet', batch: 32 };
  const engine = { name: 'plan', threads: 1, vectors: 256 };
  // Of a processor that has none, whichever this one is.
  const pretend = "data:text/javascript,Object.defineProperty(process,'arch',{value:'arm64'})";
  const { code, stdout, stderr } = await runBench(['--serve', JSON.stringify({ work, engine, root: '' })], {
    NODE_OPTIONS: `--import=${pretend}`,
  });
  expect([code, stdout]).toEqual([1, '']);
  expect(stderr).toMatch(/^`vectors` must be 'auto' or 128 here: .*Received: vectors=256\n$/);
});

test('--list says what would be measured, and why runners are left out of what was asked for', async () => {
  const { stdout } = await runBench(['--list', '--only', 'train-step/improvedNet/512'], withoutPyTorch);
  expect(stdout).toContain('train-step/improvedNet/512: plan-1t plan-2t\n');
  expect(stdout).toMatch(/tfjs-wasm cannot train convolutions/);
});

test.each([
  [['--rounds', '0'], '--rounds'],
  [['--threads', '1,x'], '--threads'],
  [['--only', '('], 'regular expression'],
  [['--fast'], '--fast'],
  [['--vectors', '64'], '128 or 256'],
  [['--node', '/nonexistent/node'], '/nonexistent/node'],
])('a mistake on the command line ends with code 2 and names it: %j', async (args, named) => {
  const { code, stderr } = await runBench(args);
  expect(code).toBe(2);
  expect(stderr).toContain(named);
  expect(stderr).not.toContain('    at ');
});

test('a file that cannot be written is known before anything is measured: code 2 and the path', async () => {
  await inFolder(async (folder) => {
    const file = join(folder, 'file');
    await writeFile(file, '');
    const { code, stdout, stderr } = await runBench(
      ['--quick', '--only', 'train-step/optimizedNet/32 plan-1t', '--json', join(file, 'results.json')],
      withoutPyTorch,
    );
    expect(code).toBe(2);
    expect(stderr).toContain(file);
    expect(stdout).not.toContain('median');
  });
});
