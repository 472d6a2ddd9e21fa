import { lstat, opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { closestName } from '@mnist-kit/core';
import type { DatasetSource, Parts, SourceFile } from '../sources.js';

/** Where a file lies: plain, as `.gz`, or both. */
export interface FoundFile {
  readonly plain: string | undefined;
  readonly packed: string | undefined;
}

/** What a folder holds of a split. */
export interface FoundSplit extends Parts<FoundFile | undefined> {
  readonly folder: string;
}

/** Looks for the files of a split in one folder. */
export async function findInFolder(
  folder: string,
  { images, labels }: Parts<SourceFile>,
): Promise<FoundSplit> {
  return { folder, images: await findFile(folder, images), labels: await findFile(folder, labels) };
}

/**
 * What folders hold, and which of their entries may be the files that were looked for, in sentences; nothing of a
 * folder that is not there.
 */
export async function describeFolders(
  { files }: DatasetSource,
  folders: readonly string[],
  looked: readonly SourceFile[],
): Promise<string> {
  const others = [files.train.images, files.train.labels, files.test.images, files.test.labels].filter(
    (file) => !looked.includes(file),
  );
  const sentences: string[] = [];
  for (const folder of folders) {
    const names = await list(folder);
    if (names === undefined) continue;
    if (names.length === 0) sentences.push(`${folder} is empty.`);
    else sentences.push(`${folder} holds ${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}.`);
    for (const ending of ['', '.gz']) {
      const known = others.map(({ name }) => name + ending);
      const strange = names.filter(
        (entry) => (entry.endsWith('.gz') ? '.gz' : '') === ending && !known.includes(entry),
      );
      for (const { name } of looked) {
        const entry = closestName(name + ending, strange);
        if (entry === undefined) continue;
        if (entry !== name + ending) sentences.push(`Is ${entry} what should be called ${name}${ending}?`);
        else if (await isLink(join(folder, entry))) sentences.push(`${entry} is a symbolic link to nothing.`);
      }
    }
  }
  return sentences.join(' ');
}

async function findFile(folder: string, { name }: SourceFile): Promise<FoundFile | undefined> {
  const plain = await existing(join(folder, name));
  const packed = await existing(join(folder, `${name}.gz`));
  return plain === undefined && packed === undefined ? undefined : { plain, packed };
}

/** The path, where there is something at it. What that is shows when it is opened. */
function existing(path: string): Promise<string | undefined> {
  return stat(path).then(
    () => path,
    ({ code }: NodeJS.ErrnoException) => (code === 'ENOENT' || code === 'ENOTDIR' ? undefined : path),
  );
}

function isLink(path: string): Promise<boolean> {
  return lstat(path).then(
    (entry) => entry.isSymbolicLink(),
    () => false,
  );
}

/** A folder's entries, the first thousand of them, by name; undefined where it cannot be listed. */
async function list(folder: string): Promise<string[] | undefined> {
  const names: string[] = [];
  try {
    for await (const { name } of await opendir(folder)) if (names.push(name) === 1000) break;
  } catch {
    return undefined;
  }
  return names.sort();
}
