import { DataError, EngineError, InvalidArgumentError, sha256 } from '@mnist-kit/core';
import { memorySource } from '../byte-source.js';
import type { ArrayDataset } from '../dataset.js';
import { dimensionsOf, type IdxFile, idxFilesDataset, openIdx } from '../idx-file.js';
import type { MnistOptions } from '../load-options.js';
import { Progress } from '../progress.js';
import type { DatasetSource, Parts, SourceFile } from '../sources.js';
import { checkPartners, type Digest, verified } from '../verify.js';
import { fetchBytes, NotThereError } from './fetch-bytes.js';
import { FileCache } from './file-cache.js';

/** What browsers can compute themselves. */
const digest: Digest = {
  name: 'SHA-256',
  of: sha256,
  expected: (file) => file.sha256,
  again: 'Put the right file there',
};

/** More than gzip, or no compression at all, adds to a file. */
const packedExtra = 2 ** 16;
const maxBytes = 2 ** 31 - 1;

/** What is needed to get one file. */
interface Request {
  readonly part: keyof Parts<unknown>;
  readonly file: SourceFile;
  readonly base: URL;
  readonly verify: boolean;
  readonly cache: FileCache;
  readonly progress: Progress;
}

/**
 * Loads a split from the two files in a folder on the network, `.gz` or plain, or from Cache Storage, where they are kept.
 *
 * @throws InvalidArgumentError for options that are out of range, or Node's.
 * @throws DataError naming the URL, when a file is not there, damaged or another one.
 * @throws EngineError when checksums are to be verified on a page that is no secure context.
 */
export async function loadFromUrl(
  owner: string,
  source: DatasetSource,
  options: MnistOptions,
): Promise<ArrayDataset> {
  const { split, root, cacheDir, download, cache = true, verify = true, onProgress } = options;
  for (const [name, value] of Object.entries({ cacheDir, download }))
    if (value !== undefined && value !== false)
      throw new InvalidArgumentError(
        name,
        'is for Node, and must be left out in a browser, where `root` says what is loaded and `cache` where it is kept',
        value,
      );
  if (typeof cache !== 'boolean' && (typeof cache !== 'string' || cache === ''))
    throw new InvalidArgumentError('cache', 'must be true, false or a name', cache);
  const base = folderUrl(owner, source, root);
  if (verify) checkDigests();
  const progress = new Progress(onProgress);
  const shared = { base, verify, progress, cache: new FileCache(cache === true ? 'mnist-kit' : cache) };
  const { images: imagesFile, labels: labelsFile } = source.files[split];
  const [images, labels] = await Promise.all([
    load({ ...shared, part: 'images', file: imagesFile }),
    load({ ...shared, part: 'labels', file: labelsFile }),
  ]);
  const dataset = await idxFilesDataset(images, labels, source.classes);
  // Where there are no checksums the files cannot be told from others.
  if (!verify && globalThis.crypto?.subtle !== undefined) await checkPartners({ images, labels }, digest);
  return dataset;
}

/** Before anything is loaded. */
function checkDigests(): void {
  if (globalThis.crypto?.subtle !== undefined) return;
  throw new EngineError(
    'Checksums need `crypto.subtle`, which browsers have in a secure context only: serve the page by https:, or from ' +
      `localhost or 127.0.0.1, or pass \`verify: false\`. Received: ${globalThis.location?.origin ?? 'a page without an origin'}`,
  );
}

/** The folder's URL, with a slash at its end. */
function folderUrl(owner: string, { name, files }: DatasetSource, root: string | undefined): URL {
  if (root === undefined || typeof root !== 'string' || root === '') {
    const { images, labels } = files.test;
    throw new InvalidArgumentError(
      'root',
      `must be given in a browser: the URL of a folder with ${name}'s files (${images.name}.gz, ${labels.name}.gz, …), ` +
        `which you put among the assets of your page, as in \`${owner}({ split: 'test', root: '/mnist/' })\``,
      root,
    );
  }
  try {
    // Of a page; in a worker, of the worker's file.
    const base = globalThis.document?.baseURI ?? globalThis.location?.href;
    const url = new URL(root, base);
    if (!url.pathname.endsWith('/')) url.pathname += '/';
    return url;
  } catch {
    throw new InvalidArgumentError(
      'root',
      'must be the URL of a folder; in a worker that was started from a blob a whole one, with https://',
      root,
    );
  }
}

/**
 * Gets one file: with checksums from the cache where it is there, else from the network; without them from the network,
 * where it may have changed, and from the cache only where the network cannot be reached.
 */
async function load(request: Request): Promise<IdxFile> {
  const { cache, verify } = request;
  const urls = [`${request.file.name}.gz`, request.file.name].map((name) => {
    const url = new URL(name, request.base);
    url.search = request.base.search;
    return url.href;
  });
  const kept = async () => {
    for (const url of urls) {
      const bytes = await cache.get(url);
      if (bytes === undefined) continue;
      try {
        const idx = await open(request, url, bytes);
        request.progress.end(request.part, bytes.length);
        return idx;
      } catch (error) {
        if (!(error instanceof DataError)) throw error;
        // Kept by something else, or damaged since.
        await cache.remove(url);
      }
    }
    return undefined;
  };
  const found = verify ? await kept() : undefined;
  if (found !== undefined) return found;
  const failures: string[] = [];
  let unreachable = false;
  for (const url of urls) {
    try {
      const limit = verify ? request.file.bytes + packedExtra : maxBytes;
      const bytes = await fetchBytes(url, limit, (loaded, total) =>
        request.progress.report(request.part, loaded, total),
      );
      const idx = await open(request, url, bytes);
      request.progress.end(request.part, bytes.length);
      await cache.put(url, bytes);
      return idx;
    } catch (error) {
      // A file that is there and wrong is not passed over.
      if (!(error instanceof NotThereError)) throw error;
      unreachable ||= error.unreachable;
      failures.push(`${url}: ${error.message}`);
    }
  }
  const offline = unreachable && !verify ? await kept() : undefined;
  if (offline !== undefined) return offline;
  throw new DataError(
    `${request.file.name} could not be loaded. \`root\` must be the URL of the folder that holds it, plain or .gz. What ` +
      `happened:\n  ${failures.join('\n  ')}`,
  );
}

/** Reads a file, so that it is known to be right. */
async function open({ part, file, verify }: Request, url: string, bytes: Uint8Array): Promise<IdxFile> {
  const idx = await openIdx(memorySource(bytes, url), dimensionsOf[part]);
  const checked = verify ? verified(idx, part, file, digest) : idx;
  await checked.read();
  return checked;
}
