import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as core from '@mnist-kit/core';
import { type Browser, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

/** A page's policies; `strict` is what a page has that runs only its own files. */
const policies: Record<string, string> = {
  strict: "default-src 'none'; script-src 'self'; worker-src 'self'",
  blobs: "default-src 'none'; script-src 'self'; worker-src blob:",
  open: "script-src 'self'; worker-src 'self' blob:",
  nothing: "default-src 'none'; script-src 'self'; worker-src 'none'",
};

/** The file of a worker, which doubles numbers and says where it comes from. */
const doubleWorker = `
import { runAsWorker } from './index.js';
runAsWorker((scope) => scope.onMessage((n) => scope.postMessage([2 * n * scope.workerData, location.protocol])));
`;

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

describe.runIf(existsSync(executablePath))('in a browser, as served from dist without a bundler', () => {
  let server: Server;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const dist = new URL('../../dist/', import.meta.url);
    server = createServer(async (request, response) => {
      const [name, policy] = (request.url ?? '/').slice(1).split('?');
      if (policy !== undefined) response.setHeader('content-security-policy', policies[policy]);
      const script = /^[\w.-]+\.js$/.test(name);
      response.setHeader('content-type', script ? 'text/javascript' : 'text/html');
      if (name === 'double.worker.js') response.end(doubleWorker);
      else if (name === 'broken.worker.js') response.end('this is no JavaScript');
      else if (name === 'missing.worker.js') response.writeHead(404).end('no such file');
      else response.end(script ? await readFile(new URL(name, dist)) : '<!doctype html><title>core</title>');
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
    page = await browser.newPage();
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
  });

  afterAll(async () => {
    await browser?.close();
    await new Promise((resolve) => server.close(resolve));
  });

  /** Loads the package in the page and hands it to a function there. */
  const inPage = <T>(body: (c: typeof core) => T | Promise<T>): Promise<T> =>
    page.evaluate(`import('/index.js').then(${body.toString()})`) as Promise<T>;

  test('random numbers and elementary functions have the same bits', async () => {
    const draw = ({ Generator, RandomState, math }: typeof core) => {
      const generator = new Generator(4);
      const random = new RandomState(4);
      const values = [...generator.randn(100), ...generator.randperm(50), random.beta(2, 0.5)];
      for (let x = 0.01; x < 50; x += 0.37)
        values.push(math.exp(x), math.log(x), math.sin(x), math.cos(x), math.pow(x, 2.3), math.tanh(x));
      return values;
    };
    expect(await inPage(draw)).toEqual(draw(core));
  });

  test('a state taken in Node goes on there', async () => {
    const generator = new core.Generator(11);
    generator.randn(3);
    await page.evaluate((state) => Object.assign(globalThis, { state }), generator.state());
    const there = await inPage(({ Generator }) => [
      ...Generator.fromState((globalThis as unknown as { state: core.GeneratorState }).state).randn(20),
    ]);
    expect(there).toEqual([...generator.randn(20)]);
  });

  test('a worker answers, keeps early messages, and its data is cloned', async () => {
    const answers = await inPage(
      ({ startWorker }) =>
        new Promise<unknown[]>((resolve, reject) => {
          const worker = startWorker(
            (scope) => {
              setTimeout(() => {
                scope.onMessage((n) => {
                  const moved = Float32Array.of((n as number) * scope.workerData.factor);
                  scope.postMessage(moved, [moved.buffer]);
                });
              }, 20);
            },
            { factor: 2 },
          );
          const seen: unknown[] = [];
          worker.onError(reject);
          worker.onMessage((message) => {
            seen.push((message as Float32Array)[0]);
            if (seen.length === 2) void worker.terminate().then(() => resolve(seen));
          });
          worker.postMessage(21);
          worker.postMessage(4);
          worker.unref();
        }),
    );
    expect(answers).toEqual([42, 8]);
  });

  test('an exception in a worker reaches its error listener, also one added later', async () => {
    const messages = await inPage(async ({ startWorker }) => {
      const worker = startWorker(() => {
        throw new RangeError('lost');
      }, null);
      const next = () => new Promise<string>((resolve) => worker.onError((error) => resolve(error.message)));
      return [await next(), await next()];
    });
    for (const message of messages) expect(message).toMatch(/lost/);
  });

  /** Starts a worker that has a file under a policy; what it answers to two numbers, the first sent at once. */
  async function double(policy: string, file: string) {
    const strict = await browser.newPage();
    const complaints: string[] = [];
    strict.on('console', (message) => complaints.push(message.text()));
    await strict.goto(`${page.url()}?${policy}`);
    const body = async ({ startWorker }: typeof core, name: string) => {
      const worker = startWorker(
        (scope) =>
          scope.onMessage((n) =>
            scope.postMessage([2 * (n as number) * scope.workerData, location.protocol]),
          ),
        10,
        { file: () => new Worker(`/${name}.worker.js`, { type: 'module' }) },
      );
      const seen: unknown[] = [];
      try {
        return await new Promise<unknown[]>((resolve, reject) => {
          worker.onError(reject);
          worker.onMessage((message) => {
            seen.push(message);
            if (seen.length === 2) resolve(seen);
            else worker.postMessage(4);
          });
          worker.postMessage(21);
        });
      } catch (error) {
        return [(error as Error).name, (error as Error).message, worker.isRunning()];
      } finally {
        await worker.terminate();
      }
    };
    const code = `import('/index.js').then((core) => (${body.toString()})(core, ${JSON.stringify(file)}))`;
    const answers = (await strict.evaluate(code)) as unknown[];
    await strict.close();
    return { answers, complaints };
  }

  test('a strict policy lets a worker start from its file, and nothing complains', async () => {
    const { answers, complaints } = await double('strict', 'double');
    expect(answers).toEqual([
      [420, 'http:'],
      [80, 'http:'],
    ]);
    expect(complaints).toEqual([]);
  });

  test.each([
    ['the file is forbidden', 'blobs', 'double'],
    ['the file is missing', '', 'missing'],
    ['the file is something else', '', 'broken'],
  ])(
    'where %s, the worker starts from a blob; what it was sent meanwhile arrives',
    async (_, policy, file) => {
      const { answers } = await double(policy === '' ? 'open' : policy, file);
      expect(answers).toEqual([
        [420, 'blob:'],
        [80, 'blob:'],
      ]);
    },
  );

  test('where a policy forbids both, an EngineError names the directive', async () => {
    for (const [policy, file] of [
      ['nothing', 'double'],
      ['strict', 'missing'],
    ]) {
      const { answers } = await double(policy, file);
      expect(answers).toEqual([
        'EngineError',
        expect.stringMatching(/from its file.*from a blob.*worker-src 'self'/),
        false,
      ]);
    }
  });

  test('there is at least one core', async () => {
    expect(await inPage(({ availableParallelism }) => availableParallelism())).toBeGreaterThanOrEqual(1);
  });
});
