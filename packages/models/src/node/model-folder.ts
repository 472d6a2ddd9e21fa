import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, EngineError, InvalidArgumentError } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import { modelFile, parseModelJson } from './model-json.js';

const shardFile = 'group1-shard1of1.bin';
/** Files of weights that this or an earlier call wrote, and what a call that was killed left behind. */
const ownFiles = [
  /^group\d+-shard\d+of\d+(\.[0-9a-f]{16})?\.bin$/,
  /^\.(model\.json|group\d+-shard\d+of\d+(\.[0-9a-f]{16})?\.bin)\.\d+-\d+-\d+\.tmp$/,
];

/** What is in a folder that a model is to be saved in. */
export interface FolderState {
  /** Whether a model is there. */
  readonly holdsModel: boolean;
  /** Names of the files that belong to it, or to one that was never finished. */
  readonly files: readonly string[];
}

/**
 * Looks at a folder before a model is saved in it, and makes it where there is none.
 *
 * @throws InvalidArgumentError when the folder holds files that are none of a model's.
 * @throws EngineError when the folder cannot be made or read.
 */
export async function openFolder(folder: string): Promise<FolderState> {
  let files: string[];
  try {
    await mkdir(folder, { recursive: true });
    files = await readdir(folder);
  } catch (error) {
    throw new EngineError(`Cannot make the folder ${folder}: ${(error as Error).message}`, { cause: error });
  }
  const holdsModel = files.includes(modelFile);
  const named = holdsModel ? await namedFiles(folder) : [];
  const foreign = files.filter(
    (file) => file !== modelFile && !named.includes(file) && !ownFiles.some((pattern) => pattern.test(file)),
  );
  if (foreign.length > 0)
    throw new InvalidArgumentError(
      'folder',
      `must be new, empty, or hold nothing but a model: it also has ${foreign
        .slice(0, 5)
        .map((name) => JSON.stringify(name))
        .join(', ')}`,
      folder,
    );
  return { holdsModel, files };
}

/** The files of weights of the model that is there. */
async function namedFiles(folder: string): Promise<string[]> {
  const path = join(folder, modelFile);
  try {
    return parseModelJson(await readFile(path, 'utf8'), path).groups.flatMap((group) => group.paths);
  } catch (error) {
    if (!(error instanceof DataError))
      throw new EngineError(`Cannot read ${path}: ${(error as Error).message}`, { cause: error });
    throw new InvalidArgumentError('folder', 'must not hold a model.json of another kind', folder);
  }
}

/**
 * Writes the weights, then the description that names them, then removes the weights of the model that was there.
 *
 * Whoever reads meanwhile, or after a crash, finds the old model or the whole new one: the description is
 * replaced at once, and weights never overwrite those that a description names.
 *
 * @param describe Makes the description from the name of the file of weights and its SHA-256.
 */
export async function writeModelFiles(
  folder: string,
  { holdsModel, files }: FolderState,
  weights: Uint8Array,
  describe: (shard: string, digest: string) => string,
): Promise<void> {
  const digest = sha256(weights);
  const shard = holdsModel ? shardFile.replace('.bin', `.${digest.slice(0, 16)}.bin`) : shardFile;
  await writeFileAtomic(join(folder, shard), weights);
  await writeFileAtomic(join(folder, modelFile), describe(shard, digest));
  for (const file of files)
    if (file !== shard && file !== modelFile) await unlink(join(folder, file)).catch(() => {});
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
