import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Report } from '../report/report.js';
import { inFolder, runBench } from './run-bench.js';

const time = (work: string, runner: string, medianMs: number) => ({
  ...{ work, runner, medianMs, minMs: medianMs, rounds: 1, roundsMs: [medianMs] },
});

const step = 'train-step/optimizedNet/128';
const latency = 'inference/improvedNet/1';

/** What a run on two Nodes wrote, as far as the documents look at it. */
const report = {
  machine: {
    ...{
      cpu: 'A Processor',
      cores: 2,
      memoryGiB: 4,
      platform: '',
      node: '20.1.0',
      packages: {},
      loadBefore: 0.1,
    },
    ...{
      date: '2026-01-02T03:04:05.678Z',
      onnxruntime: '1.30.0',
      runtimes: { '': '20.1.0', node24: '24.2.0' },
    },
    pytorch: { python: '3.11', torch: '1.13.0', torchvision: '0.14' },
  },
  effort: { rounds: 7 } as Report['effort'],
  results: [
    ...[time(step, 'plan-1t', 30), time(step, 'plan-2t', 16), time(step, 'plan-1t-node24', 20)],
    ...[time(step, 'plan-2t-node24', 10), time(step, 'pytorch-tuned', 22), time(step, 'pytorch-nchw', 25)],
    ...[time(step, 'pytorch-nchw-untuned', 40), time(step, 'pytorch-channels-last-untuned', 44)],
    ...[time(latency, 'plan-2t-node24', 0.25), time(latency, 'onnxruntime-2t', 0.5)],
  ],
  memory: [],
  shares: [
    {
      ...{ work: 'engine-busy/optimizedNet/128/affine', runner: 'plan-2t-node24', medianPercent: 98.76 },
      ...{ minPercent: 98, rounds: 7, parts: { engine: 10, waiting: 0.02, drawing: 0.1 } },
    },
  ],
  ratios: [
    ...['plan-2t', 'plan-2t-node24'].flatMap((runner, i) => [
      { work: step, runner, reference: 'pytorch-nchw', ratio: 1.6 + i, peer: 'PyTorch', best: false },
      { work: step, runner, reference: 'pytorch-tuned', ratio: 1.4 + i, peer: 'PyTorch', best: true },
      { work: step, runner, reference: 'pytorch-nchw-untuned', ratio: 2.5 + i, peer: 'PyTorch', best: false },
    ]),
    {
      ...{ work: latency, runner: 'plan-2t-node24', reference: 'onnxruntime-2t', ratio: 2.1 },
      ...{ peer: 'onnxruntime', best: true },
    },
  ],
  tunings: [{ work: step, runner: 'pytorch-tuned', summary: 'nchw, jemalloc' }],
  notes: [],
} as unknown as Report;

async function tablesOf(content: unknown, args: readonly string[] = []) {
  let outcome: Awaited<ReturnType<typeof runBench>> | undefined;
  await inFolder(async (folder) => {
    const file = join(folder, 'results.json');
    await writeFile(file, JSON.stringify(content));
    outcome = await runBench(['table', file, ...args]);
  });
  return outcome!;
}

test("the documents' tables show the fastest variant of the plan, PyTorch's best, and PyTorch as installed in brackets", async () => {
  const { code, stdout } = await tablesOf(report);
  expect(code).toBe(0);
  expect(stdout).toContain('2 cores of A Processor, Node 24.2.0, against PyTorch 1.13.0');
  expect(stdout).toContain(
    '| training step, OptimizedNet, batch 128 | 10.0 ms (100 it/s) | 20.0 ms (50 it/s) | 22.0 ms (45 it/s) (40.0 ms (25 it/s)) | 2.40 (3.50) |',
  );
  expect(stdout).toContain('| ImprovedNet, batch 1 | 0.25 ms |  | 0.50 ms |');
  expect(stdout).toContain('| Node 20.1.0 | 30.0 ms | 16.0 ms | 1.40 (2.50) |');
  expect(stdout).toContain(`- ${step}: nchw, jemalloc`);
  expect(stdout).toContain('| affine | 98.8% | 10.0 ms | 0.02 ms | 0.10 ms |');
});

test('another variant can be asked for; what is no result of a run is refused by name', async () => {
  const results = report.results.map((one) => ({
    ...one,
    runner: one.runner.replace('node24', 'node24-128'),
  }));
  const { stdout } = await tablesOf({ ...report, results: [...report.results, ...results] }, [
    '--variant',
    'node24-128',
  ]);
  expect(stdout).toContain('Node 24.2.0 with 128-bit vectors, against');
  const { code, stderr } = await tablesOf({ results: [] });
  expect(code).toBe(2);
  expect(stderr).toMatch(/results\.json is not what/);
  const missing = await runBench(['table', '/nonexistent/results.json']);
  expect(missing.code).toBe(2);
  expect(missing.stderr).toContain('/nonexistent/results.json');
});
