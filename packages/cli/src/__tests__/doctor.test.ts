import { readFileSync } from 'node:fs';
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
  for (const { status, advice } of checks) if (status === 'error') expect(advice).toBeTruthy();
}, 60_000);

test("the bits that doctor looks for are the engine's golden ones", () => {
  const source = readFileSync(new URL('../doctor/golden-bits.ts', import.meta.url), 'utf8');
  const short = golden.find(({ net, steps }) => net === 'optimizedNet' && steps === 3);
  expect(source).toContain(`'${short?.sha256}'`);
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
