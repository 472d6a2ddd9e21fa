import { DataError } from '@mnist-kit/core';
import type { ArrayDataset } from '../dataset.js';
import { unpacksTo } from '../gzip.js';
import { dimensionsOf, type IdxFile, idxFilesDataset, openIdx } from '../idx-file.js';
import { Progress } from '../progress.js';
import type { DatasetSource, Parts } from '../sources.js';
import { checkPartners, verified } from '../verify.js';
import { downloadMissing } from './download.js';
import { type FileSource, openFile } from './file-source.js';
import type { FoundFile } from './find-files.js';
import { incomplete, type LocateOptions, locate } from './locate.js';
import { md5 } from './md5.js';

/**
 * Reads the two files of a split. Both come from one folder, where what is missing may be downloaded into it.
 *
 * @throws InvalidArgumentError when `root` is no folder.
 * @throws DataError when a file is damaged or cannot be had.
 * @throws EngineError when a downloaded file cannot be written.
 */
export async function loadFiles(source: DatasetSource, options: LocateOptions): Promise<ArrayDataset> {
  const { download, verify } = options;
  const files = source.files[options.split];
  const found = await locate(source, options);
  const progress = new Progress(options.onProgress);
  const opened: FileSource[] = [];
  const open = async (part: keyof Parts<unknown>) => {
    const there = found[part];
    if (there === undefined) return undefined;
    const idx = await openFound(there, dimensionsOf[part], verify, opened);
    return verify ? verified(idx, part, files[part], md5) : idx;
  };
  try {
    let images = await open('images');
    let labels = await open('labels');
    if (images === undefined || labels === undefined) {
      const there = images ?? labels;
      // A damaged file is refused before the other one is asked for.
      await there?.read();
      // Without checksums a file of the user's own could be joined by one of the network.
      if (download === undefined || (there !== undefined && !verify))
        throw await incomplete(source, options, found);
      const how = { ...download, verify, progress };
      ({ images, labels } = await downloadMissing(files, { images, labels }, found.folder, how));
    }
    const dataset = await idxFilesDataset(images, labels, source.classes);
    if (!verify) await checkPartners({ images, labels }, md5);
    for (const file of opened) await file.checkUnchanged();
    if (found.images !== undefined) progress.end('images', images.header.bytes);
    if (found.labels !== undefined) progress.end('labels', labels.header.bytes);
    return dataset;
  } finally {
    await Promise.all(opened.map((file) => file.close()));
  }
}

/**
 * Opens a file of which there may be a plain and a packed copy. Without checksums both must hold the same, or
 * nobody could tell which one is meant.
 */
async function openFound(
  { plain, packed }: FoundFile,
  dimensions: number,
  verify: boolean,
  opened: FileSource[],
): Promise<IdxFile> {
  const open = async (path: string) => {
    const file = await openFile(path);
    opened.push(file);
    return file;
  };
  const idx = await openIdx(await open((plain ?? packed) as string), dimensions);
  if (!verify && plain !== undefined && packed !== undefined) {
    const copy = await open(packed);
    if (!(await unpacksTo(copy, await idx.read())))
      throw new DataError(`${plain} and ${packed} hold different data. Delete the one that is not meant.`);
  }
  return idx;
}
