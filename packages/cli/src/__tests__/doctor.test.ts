import { readFileSync } from 'node:fs';
import { GOLDEN_BITS, trainedBits } from '@mnist-kit/cli/bits';
import { enableWideVectors } from '@mnist-kit/engine';
import { expect, test } from 'vitest';
import { runCli } from './run-cli.js';

interface Check {
  name: string;
  status: string;
  found: string;
  advice?: string;
}

/** What the engine's own test holds every machine to. */
const golden: { net: string; steps: number; sha256: string }[] = JSON.parse(
  readFileSync(new URL('../../../engine/src/__tests__/fixtures/golden-bits.json', import.meta.url), 'utf8'),
);

test('doctor finds cores, data and backends, and the bits of every machine', async () => {
  // A cache without files of the data sets.
  const { code, json, stderr } = await runCli(['doctor', '--json'], { env: { XDG_CACHE_HOME: '/nowhere' } });
  const { ok, checks } = json as { ok: boolean; checks: Check[] };
  expect(stderr).toContain('Node');
  expect([code, ok]).toEqual([0, true]);
  const of = (name: string) => checks.find((check) => check.name === name);
  expect(of('MNIST')).toMatchObject({ status: 'ok', found: '60000 + 10000 images' });
  expect(of('Fashion-MNIST')).toMatchObject({ status: 'note', found: 'not on this machine' });
  expect(of('SIMD')).toMatchObject({ status: 'ok' });
  expect(of('TensorFlow.js')).toMatchObject({ status: 'ok', found: 'tfjs-core 4.22.0, tfjs-layers 4.22.0' });
  const bits = checks.filter(({ name }) => name.startsWith('bits'));
  expect(bits.length).toBeGreaterThan(1);
  for (const check of bits) expect(check).toMatchObject({ status: 'ok' });
  // What `train` takes is tried as well: wide vectors where there are any.
  const wide = enableWideVectors();
  expect(of('bits, wide')?.found).toEqual(wide ? expect.stringContaining('256 bits') : undefined);
  expect(of('wide vectors')?.status).toBe(wide ? undefined : 'note');
  for (const { status, advice } of checks) if (status === 'error') expect(advice).toBeTruthy();
}, 60_000);

test("the bits that doctor looks for are the engine's golden ones", () => {
  const short = golden.find(({ net, steps }) => net === 'optimizedNet' && steps === 3);
  expect(GOLDEN_BITS).toBe(short?.sha256);
});

test('the bits of a training depend on its seed, and options that cannot be are refused by name', async () => {
  const { sha256, description } = await trainedBits({ seed: 2, threads: 1 });
  expect(sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(sha256).not.toBe(GOLDEN_BITS);
  expect(description).toContain('1 thread');
  for (const [options, named] of [
    [{ net: 'toString' }, '`net` must be one of optimizedNet'],
    [{ steps: 0 }, '`steps` must be a whole number'],
    [{ batchSize: 8 }, '`batchSize` is not an option of trainedBits'],
  ] as const)
    await expect(trainedBits(options as object)).rejects.toThrow(named);
});

test('bench times one row for the threads that are asked for', async () => {
  const { code, json } = await runCli([
    'bench',
    '--seconds',
    '0.05',
    '--batch-size',
    '8',
    '--threads',
    '2',
    '--json',
  ]);
  expect(code).toBe(0);
  expect(json).toMatchObject({
    model: 'optimizedNet',
    batchSize: 8,
    rows: [{ threads: 2, engine: 'plan, WebAssembly SIMD, 2 threads', itPerSecond: expect.any(Number) }],
  });
});
