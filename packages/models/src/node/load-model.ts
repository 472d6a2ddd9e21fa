import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, DataError, InvalidArgumentError } from '@mnist-kit/core';
import { io } from '@tensorflow/tfjs-core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { skipGreeting } from '../backend.js';
import { loadArtifacts } from './load-artifacts.js';
import { sha256 } from './model-folder.js';
import { modelFile, parseModelJson, type WeightsGroup } from './model-json.js';

/**
 * Loads a model from a folder: one that {@link saveModel} saved, or any layers model in TensorFlow.js's format, such
 * as `model.save` and the converter write it (several files of weights and quantised weights included).
 *
 * Before anything is made of them the files are checked: that each has all its bytes and, where `saveModel` wrote
 * it, that they are those that were written.
 *
 * @param folder The folder with `model.json`.
 * @returns The model.
 * @throws InvalidArgumentError when `folder` is no path of a folder.
 * @throws DataError that names the file when it is missing, damaged, truncated or something else.
 * @throws CheckpointError when TensorFlow.js cannot make the model, or the weights do not fit it.
 * @example
 * ```ts
 * import { summary } from '@mnist-kit/models';
 * import { loadModel } from '@mnist-kit/models/node';
 *
 * console.log(summary(await loadModel('runs/first/model')));
 * ```
 */
export async function loadModel(folder: string): Promise<tfl.LayersModel> {
  if (typeof folder !== 'string' || folder === '' || folder.endsWith('.json'))
    throw new InvalidArgumentError('folder', `must be the path of the folder with ${modelFile}`, folder);
  skipGreeting();
  const { artifacts, path } = await readArtifacts(folder);
  try {
    return await loadArtifacts(artifacts);
  } catch (error) {
    throw new CheckpointError(`TensorFlow.js cannot load ${path}: ${(error as Error).message}`, {
      cause: error,
    });
  }
}

/** Reads once more when a file is gone: the model may have been replaced meanwhile. */
async function readArtifacts(
  folder: string,
  again = true,
): Promise<{ artifacts: io.ModelArtifacts; path: string }> {
  const path = join(folder, modelFile);
  const { json, groups, digests } = parseModelJson((await read(path)).toString('utf8'), path);
  try {
    const parts: Uint8Array[] = [];
    for (const group of groups) parts.push(...(await readGroup(folder, group, digests)));
    const weightSpecs = groups.flatMap((group) => group.weights);
    // One buffer of its own: small files of Node's share one.
    const weightData = new Uint8Array(Buffer.concat(parts)).buffer;
    return { artifacts: io.getModelArtifactsForJSONSync(json, weightSpecs, weightData), path };
  } catch (error) {
    const gone =
      error instanceof DataError && (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT';
    if (gone && again) return readArtifacts(folder, false);
    throw error;
  }
}

async function readGroup(
  folder: string,
  { paths, bytes }: WeightsGroup,
  digests: Readonly<Record<string, string>>,
): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for (const name of paths) {
    const path = join(folder, name);
    const part = await read(path);
    if (Object.hasOwn(digests, name) && sha256(part) !== digests[name])
      throw new DataError(`${path} is damaged: its ${part.length} bytes are not those that were saved.`);
    length += part.length;
    parts.push(part);
  }
  if (length !== bytes)
    throw new DataError(
      `${paths.map((name) => join(folder, name)).join(', ') || folder} must have ${bytes} bytes of weights. Received: ${length} (truncated, or of another model)`,
    );
  return parts;
}

async function read(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new DataError(`Cannot read ${path}: ${(error as Error).message}`, { cause: error });
  }
}
