import { DataError } from '@mnist-kit/core';
import type { io } from '@tensorflow/tfjs-core';
import { scanJson } from '../scan-json.js';
import { findUnreachable, isObject } from './model-graph.js';

/** The file that says what a model is and where its weights lie. */
export const modelFile = 'model.json';

/** One group of the weights manifest: values that lie one after the other in the files, which are one stream. */
export interface WeightsGroup {
  readonly paths: readonly string[];
  readonly weights: readonly io.WeightsManifestEntry[];
  /** Bytes that the files must have together. */
  readonly bytes: number;
}

/** What a model.json says. */
export interface ModelJson {
  readonly json: io.ModelJSON;
  readonly groups: readonly WeightsGroup[];
  /** SHA-256 of the files, where the writer left it. */
  readonly digests: Readonly<Record<string, string>>;
}

/** The largest that TensorFlow.js's zoo has is of some 2 MB, for thousand layers. */
const maxCharacters = 16_000_000;
const limits = { depth: 100, entries: 1000, values: 1_000_000 };

const valueBytes: Readonly<Record<string, number>> = {
  float32: 4,
  int32: 4,
  bool: 1,
  uint8: 1,
  uint16: 2,
  float16: 2,
  complex64: 8,
};

/**
 * Reads TensorFlow.js's model.json.
 *
 * @param text The file's content.
 * @param path Where it is, for messages.
 * @throws DataError that names the file when it is anything else than the description of a layers model.
 */
export function parseModelJson(text: string, path: string): ModelJson {
  const refuse = (problem: string, cause?: unknown) =>
    new DataError(`${path} must be TensorFlow.js's description of a layers model: ${problem}.`, { cause });
  if (text.length > maxCharacters)
    throw refuse(`it has ${text.length} characters, more than ${maxCharacters}`);
  scanJson(text, path, limits);
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw refuse(`it is no JSON (damaged or truncated, ${text.length} characters)`, error);
  }
  if (!isObject(json)) throw refuse('it is no object');
  const { format = 'layers-model', modelTopology, weightsManifest, weightsDigest = {} } = json;
  if (format !== 'layers-model') throw refuse(`its format is ${JSON.stringify(format)}`);
  if (!isObject(modelTopology)) throw refuse('it lacks `modelTopology`');
  const problem = findUnreachable(modelTopology);
  if (problem !== undefined) throw refuse(problem);
  if (!Array.isArray(weightsManifest)) throw refuse('it lacks `weightsManifest`');
  if (!isObject(weightsDigest) || !Object.values(weightsDigest).every((value) => typeof value === 'string'))
    throw refuse('its `weightsDigest` is damaged');

  const names = new Set<string>();
  const groups = weightsManifest.map((group: unknown): WeightsGroup => {
    if (!isObject(group) || !Array.isArray(group.paths) || !Array.isArray(group.weights))
      throw refuse('its `weightsManifest` is damaged');
    for (const file of group.paths)
      if (!isPlainPath(file))
        throw refuse(`its weights must lie in the same folder, not at ${JSON.stringify(file)}`);
    let bytes = 0;
    for (const spec of group.weights) {
      bytes += specBytes(spec, refuse);
      if (names.has(spec.name)) throw refuse(`it has two weights named ${JSON.stringify(spec.name)}`);
      names.add(spec.name);
    }
    return { paths: group.paths, weights: group.weights, bytes };
  });
  return { json: json as unknown as io.ModelJSON, groups, digests: weightsDigest as Record<string, string> };
}

function specBytes(spec: unknown, refuse: (problem: string) => DataError): number {
  if (!isObject(spec) || typeof spec.name !== 'string' || !isShape(spec.shape))
    throw refuse('its `weightsManifest` has a damaged weight');
  const stored = isObject(spec.quantization) ? spec.quantization.dtype : spec.dtype;
  if (typeof stored !== 'string' || !Object.hasOwn(valueBytes, stored))
    throw refuse(
      `weight ${JSON.stringify(spec.name)} has the data type ${JSON.stringify(stored)}, which is not read`,
    );
  return spec.shape.reduce((product, size) => product * size, valueBytes[stored]);
}

/** A file within the folder: a description must not lead a reader elsewhere. */
function isPlainPath(path: unknown): path is string {
  return (
    typeof path === 'string' &&
    path !== '' &&
    !/^[/\\]|[\\:\0]/.test(path) &&
    !path.split('/').some((part) => part === '..' || part === '')
  );
}

function isShape(shape: unknown): shape is number[] {
  return Array.isArray(shape) && shape.every((size) => Number.isSafeInteger(size) && size >= 0);
}
