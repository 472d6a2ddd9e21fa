import { checkOptionNames, InvalidArgumentError, ModelError } from '@mnist-kit/core';
import { io } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';
import { skipGreeting } from '../backend.js';
import { checkModel } from '../check-arguments.js';
import { mendDepthwiseConstraints } from './depthwise-constraints.js';
import { loadArtifacts } from './load-artifacts.js';
import { openFolder, writeModelFiles } from './model-folder.js';
import { findDifference, findDifferentLayer } from './same-model.js';

/**
 * Options of {@link saveModel}.
 *
 * @example
 * ```ts
 * import { optimizedNet } from '@mnist-kit/models';
 * import { saveModel, type SaveModelOptions } from '@mnist-kit/models/node';
 *
 * const options: SaveModelOptions = { overwrite: true };
 * await saveModel(optimizedNet(), 'runs/first/model', options);
 * ```
 */
export interface SaveModelOptions {
  /** Replace a model that is in the folder. Default true. */
  overwrite?: boolean;
}

/**
 * Saves a whole model, its layers and its weights, in a folder: `model.json` and a file of weights, TensorFlow.js's
 * own format, which `tf.loadLayersModel` loads without this package. In Node, where TensorFlow.js's `model.save`
 * has no place to save to.
 *
 * The folder is made where there is none. A model that is there is replaced at once: whoever reads meanwhile, or
 * after a crash, finds the old model or the whole new one. Any other file in the folder is an error.
 *
 * What is saved is what can be trained and run: an optimizer and its state are not part of it.
 *
 * @param model The model.
 * @param folder Where it goes.
 * @param options See {@link SaveModelOptions}.
 * @throws InvalidArgumentError when an argument cannot work, when the folder holds files that are none of a model's,
 * and when it holds a model and `overwrite` is false.
 * @throws ModelError that names the layer and its field when TensorFlow.js's format cannot hold the model.
 * @throws EngineError when a file cannot be written; a model that was there is still there then.
 * @example
 * ```ts
 * import { optimizedNet } from '@mnist-kit/models';
 * import { loadModel, saveModel } from '@mnist-kit/models/node';
 *
 * await saveModel(optimizedNet(), 'runs/first/model');
 * const model = await loadModel('runs/first/model');
 * ```
 */
export async function saveModel(
  model: tfl.LayersModel,
  folder: string,
  options: SaveModelOptions = {},
): Promise<void> {
  checkOptionNames<SaveModelOptions>('saveModel', options, { overwrite: true });
  const { overwrite = true } = options;
  checkModel(model);
  if (typeof folder !== 'string' || folder === '')
    throw new InvalidArgumentError('folder', 'must be the path of a folder', folder);
  if (typeof overwrite !== 'boolean')
    throw new InvalidArgumentError('overwrite', 'must be true or false', overwrite);
  skipGreeting();

  const artifacts = await describeModel(model);
  const state = await openFolder(folder);
  if (state.holdsModel && !overwrite)
    throw new InvalidArgumentError('folder', 'must not hold a model, for `overwrite` is false', folder);
  const { weightData, weightSpecs, ...rest } = artifacts;
  await writeModelFiles(folder, state, new Uint8Array(weightData as ArrayBuffer), (shard, digest) =>
    JSON.stringify({
      ...rest,
      weightsManifest: [{ paths: [shard], weights: weightSpecs }],
      weightsDigest: { [shard]: digest },
    }),
  );
}

/** The model's saved form, once it is sure that the same model comes out of it. */
async function describeModel(model: tfl.LayersModel): Promise<io.ModelArtifacts> {
  const cannot = (problem: string, cause?: unknown) =>
    new ModelError(`TensorFlow.js's format cannot hold the model "${model.name}": ${problem}.`, { cause });
  let loaded: tfl.LayersModel | undefined;
  try {
    let artifacts: io.ModelArtifacts | undefined;
    await model.save(
      io.withSaveHandler(async (made) => {
        artifacts = made;
        return { modelArtifactsInfo: io.getModelArtifactsInfoForJSON(made) };
      }),
    );
    const { modelTopology, weightData, ...rest } = artifacts as io.ModelArtifacts;
    mendDepthwiseConstraints(model, modelTopology);
    const saved = {
      ...rest,
      weightData: io.CompositeArrayBuffer.join(weightData),
      modelTopology: JSON.parse(JSON.stringify(modelTopology)) as object,
    };
    // TensorFlow.js changes the description that it reads.
    const topology = () => structuredClone(saved.modelTopology);
    try {
      loaded = await loadArtifacts({ ...saved, modelTopology: topology() });
    } catch (error) {
      // Weights that do not fit come from a field that is lost, which says more.
      loaded = await tfl.loadLayersModel(io.fromMemory({ modelTopology: topology() }));
      const field = findDifferentLayer(model, loaded);
      throw field === undefined ? error : cannot(`${field} would be lost`, error);
    }
    const difference = findDifference(model, loaded);
    if (difference !== undefined) throw cannot(`${difference} would be lost`);
    return saved;
  } catch (error) {
    if (error instanceof ModelError) throw error;
    throw cannot((error as Error).message, error);
  } finally {
    loaded?.dispose();
  }
}
