import { fileURLToPath } from 'node:url';
import type { WorkerTrainingEvent } from '@mnist-kit/trainer/worker';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bundlePage, type Files, STRICT_POLICY, serveFiles } from '../../lib/vite-page.mjs';
import { everyCase, hasChromium, launch } from './chromium.js';
import type { Tools } from './worker-page/page.js';

declare const tools: Tools;

let browser: Browser;
let files: Files;
const stops: (() => void)[] = [];

/** A page of a server with these headers, and what its console complains of. */
async function open(options: { isolated?: boolean; policy?: string }) {
  const { url, stop } = await serveFiles(files, options);
  stops.push(stop);
  const page = await (await browser.newContext()).newPage();
  const complaints: string[] = [];
  page.on('pageerror', ({ message }) => complaints.push(message));
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
  });
  await page.goto(url);
  return { page, complaints };
}

/** Trains and hands back events and the weights. */
function train(page: Page, settings: Parameters<Tools['settings']>[0] = {}) {
  return page.evaluate(async (asked) => {
    const client = tools.start();
    const events = await tools.read(client.fit(asked));
    const weights = events.at(-1)?.type === 'end' ? await client.call('weights') : [];
    await client.terminate();
    return { events, weights: weights.map((values) => [...values]) };
  }, settings);
}

const started = (events: readonly WorkerTrainingEvent[]) =>
  events.find((event) => event.type === 'start')?.executor;
const failed = (events: readonly WorkerTrainingEvent[]) =>
  String(events.find((event) => event.type === 'error')?.error ?? 'nothing failed');

// Bundling TensorFlow.js with Vite takes long: `npm run test:browser` does it.
describe.runIf(hasChromium && everyCase)('training in a worker, in Chromium', { timeout: 120_000 }, () => {
  beforeAll(async () => {
    files = await bundlePage(fileURLToPath(new URL('./worker-page/', import.meta.url)));
    browser = await launch();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    for (const stop of stops) stop();
  }, 60_000);

  test("Vite's own settings bundle it, each worker in a file of its own, without eval", () => {
    const names = [...files.keys()].join('\n');
    for (const name of ['training.worker', 'plan-thread.worker', 'pixel-loader.worker'])
      expect(names).toContain(name);
    for (const [name, content] of files)
      expect([name, /\beval\(|new Function\(|\bFunction\(['"`]/.test(String(content))]).toEqual([
        name,
        false,
      ]);
  });

  test('under a strict policy it trains on two threads, and on one with the same bits and a note', async () => {
    const isolated = await open({ policy: STRICT_POLICY });
    const two = await train(isolated.page, { epochs: 2 });
    expect(started(two.events)).toEqual({
      ...{ engine: 'plan', description: 'plan, WebAssembly SIMD, 2 threads', threads: 2, vectors: 128 },
    });
    expect(isolated.complaints).toEqual([]);

    const open1 = await open({ policy: STRICT_POLICY, isolated: false });
    const one = await train(open1.page, { epochs: 2 });
    const note = 'the page is not cross-origin isolated';
    expect(started(one.events)).toEqual({
      ...{ engine: 'plan', threads: 1, vectors: 128, note },
      description: `plan, WebAssembly SIMD, 1 thread (${note})`,
    });
    expect(open1.complaints).toEqual([]);
    expect(one.weights).toEqual(two.weights);
    expect(one.weights.flat().length).toBeGreaterThan(100);
  });

  test('where blobs are allowed and files are missing, threads start from blobs', async () => {
    const whole = files;
    try {
      files = new Map([...whole].filter(([name]) => !/plan-thread|pixel-loader/.test(name)));
      const { page } = await open({});
      expect(started((await train(page)).events)).toMatchObject({ threads: 2 });
      const strict = await open({ policy: STRICT_POLICY });
      expect(failed((await train(strict.page)).events)).toMatch(
        /^EngineError: The plan's 2 threads did not start: .*from its file.*from a blob.*worker-src 'self'/s,
      );
    } finally {
      files = whole;
    }
  });

  test('a policy that forbids too much is told, with the directive to set', async () => {
    const noWorkers = await open({ policy: STRICT_POLICY.replace("worker-src 'self'", "worker-src 'none'") });
    expect(failed((await train(noWorkers.page)).events)).toMatch(
      /^EngineError: The training worker did not start.*worker-src 'self'/,
    );
    const noWasm = await open({ policy: STRICT_POLICY.replace(" 'wasm-unsafe-eval'", '') });
    expect(failed((await train(noWasm.page)).events)).toMatch(
      /^EngineError: The Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src/,
    );
    // What follows is slow.
    const executor = await noWasm.page.evaluate(async () => {
      const client = tools.start();
      for await (const event of client.fit({ engine: 'auto' }))
        if (event.type === 'start') {
          await client.terminate();
          return event.executor;
        }
    });
    expect(executor).toMatchObject({
      engine: 'eager',
      reason: expect.stringContaining("'wasm-unsafe-eval'"),
    });
  });

  test('it pauses, answers, goes on and is aborted', async () => {
    const { page, complaints } = await open({});
    const seen = await page.evaluate(async () => {
      const client = tools.start();
      const fit = client.fit({ epochs: 200 });
      const types: string[] = [];
      const steps: (number | undefined)[] = [];
      for await (const event of fit) {
        if (event.type !== 'step' && event.type !== 'validation' && event.type !== 'epoch')
          types.push(event.type);
        if (event.type === 'step' && steps.length === 0) fit.pause();
        if (event.type === 'pause') {
          steps.push(await client.call('step'));
          await new Promise((resolve) => setTimeout(resolve, 100));
          steps.push(await client.call('step'));
          steps.push((await client.call('predict', new Float32Array(784))).size);
          fit.resume();
        }
        if (event.type === 'resume') fit.abort('enough');
      }
      const { stopReason, stopMessage } = await fit.result;
      await client.terminate();
      return { types, steps, stopReason, stopMessage };
    });
    expect(seen.types).toEqual(['start', 'pause', 'resume', 'log', 'end']);
    const [before, after, size] = seen.steps;
    expect(before).toBeGreaterThan(0);
    expect(after).toBe(before);
    expect(size).toBe(1);
    expect(seen).toMatchObject({ stopReason: 'interrupted', stopMessage: 'enough' });
    expect(complaints).toEqual([]);
  });

  test('errors keep their class, and a worker that dies ends fit and calls', async () => {
    const { page } = await open({});
    const seen = await page.evaluate(async () => {
      const client = tools.start();
      const message = (promise: Promise<unknown>) =>
        promise.then(
          () => 'nothing failed',
          (error: Error) => `${error.constructor.name === 'Object' ? '?' : error.name}: ${error.message}`,
        );
      const refused = await message(client.fit({ fail: true }).result);
      const fit = client.fit({ epochs: 1000 });
      for await (const event of fit) if (event.type === 'step') break;
      const dead = await Promise.all([message(client.call('die')), message(fit.result)]);
      const { epochs } = await client.fit({ epochs: 1 }).result;
      await client.terminate();
      return { refused, dead, epochs: epochs.length };
    });
    expect(seen.refused).toBe('InvalidArgumentError: `fail` must be false. Received: fail=true');
    expect(seen.dead[1]).toBe('EngineError: The training worker is gone.');
    expect(seen.epochs).toBe(1);
  });

  test("the page's own thread never waits for others", async () => {
    const { page } = await open({});
    expect(await page.evaluate(() => tools.describeHere())).toBe(
      'plan, WebAssembly SIMD, 1 thread (a page must not wait for threads, a Worker may)',
    );
  });
});
