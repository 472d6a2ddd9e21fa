import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError, DataError, InvalidArgumentError, MnistKitError } from '@mnist-kit/core';
import { loadStateDict, readSafetensors, readTorchFile } from '@mnist-kit/models';
import { loadModel } from '@mnist-kit/models/node';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { readConfig } from '../config/read-config.js';
import type { Config } from '../config/schema.js';
import { buildModel } from '../training/build-model.js';
import { BEST, CONFIG_FILE, folderOf, isFile, LAST, newestRun, readRunConfig } from './run-folder.js';

/** Where a trained model is. */
export interface ModelSource {
  /** Folder of a run. Default, where nothing else is given: the newest in `runs`. */
  readonly run?: string;
  /** `best` (default), `last`, or a file: safetensors or `.pth`. */
  readonly weights?: string;
  /** Folder of a saved model, in TensorFlow.js's format. */
  readonly model?: string;
  /** Config of weights that are in no run's folder; normalisation of a saved model. */
  readonly config?: string;
}

/** A trained model and what it must be given. */
export interface OpenModel {
  readonly model: LayersModel;
  readonly config: Config;
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** Where it is from, for people: a file or folder. */
  readonly from: string;
}

/**
 * Opens the model of a run, of a file of weights, or of a saved model.
 *
 * @throws InvalidArgumentError for a source that is none; DataError and CheckpointError for files that are damaged or
 * do not fit the net.
 */
export async function openModel(source: ModelSource): Promise<OpenModel> {
  const { run, weights, model, config } = source;
  if (model !== undefined) {
    for (const [option, value] of Object.entries({ '--run': run, '--weights': weights }))
      if (value !== undefined)
        throw new InvalidArgumentError(
          option,
          'must be left out beside --model, which has its own weights',
          value,
        );
    return openSaved(model, config);
  }
  if (weights !== undefined && weights !== 'best' && weights !== 'last')
    return openWeights(weights, { run, config });
  if (config !== undefined)
    throw new InvalidArgumentError(
      '--config',
      'must come with --weights FILE or --model: a run has a config of its own',
      config,
    );
  const folder = run ?? (await newestRun());
  const settings = await readRunConfig(folder);
  return load(await weightsOf(folder, weights), settings);
}

/** Weights of the best epoch; of the last one where a run kept no others. */
async function weightsOf(folder: string, which: 'best' | 'last' | undefined): Promise<string> {
  const names = which === undefined ? [BEST, LAST] : [which === 'best' ? BEST : LAST];
  for (const name of names) if (await isFile(join(folder, name))) return join(folder, name);
  throw new DataError(
    `${folder} has no ${names.join(' and no ')}: its training did not get to the end of an epoch.`,
  );
}

async function openWeights(
  file: string,
  { run, config }: Pick<ModelSource, 'run' | 'config'>,
): Promise<OpenModel> {
  if (!(await isFile(file)))
    throw new InvalidArgumentError('--weights', "must be 'best', 'last' or a file of weights", file);
  if (run !== undefined) return load(file, await readRunConfig(run));
  if (config !== undefined) return load(file, await readConfig({ file: config }));
  const beside = join(folderOf(file), CONFIG_FILE);
  if (await isFile(beside)) return load(file, await readConfig({ file: beside }));
  throw new InvalidArgumentError(
    '--weights',
    'must lie in the folder of a run, or come with --run or --config, which say what net they are of',
    file,
  );
}

async function load(file: string, config: Config): Promise<OpenModel> {
  const weights = await readWeights(file);
  const model = buildModel(config.model);
  try {
    loadStateDict(model, weights);
    checkNumbers(model, file);
  } catch (error) {
    model.dispose();
    // What it advises is for programs.
    if (error instanceof CheckpointError)
      throw new CheckpointError(
        `${file} holds the weights of another net than the config's (${config.model.kind}): ` +
          error.message.replace(/ Pass `strict: false`.*/, ''),
        { cause: error },
      );
    throw error;
  }
  return { model, config, classes: config.model.classes ?? digits(10), from: file };
}

async function readWeights(file: string): Promise<ReturnType<typeof readSafetensors>> {
  const bytes = await readFile(file);
  try {
    return /\.(pth?|bin|ckpt)$/i.test(file) ? readTorchFile(bytes) : readSafetensors(bytes);
  } catch (error) {
    if (!(error instanceof MnistKitError)) throw error;
    throw new DataError(`${file} is no whole file of weights: ${error.message}`, { cause: error });
  }
}

/** @throws DataError for weights that are no numbers, as a training that went bad leaves them. */
function checkNumbers(model: LayersModel, from: string): void {
  const bad = model.weights.find((weight) => !weight.read().dataSync().every(Number.isFinite));
  if (bad === undefined) return;
  throw new DataError(
    `${from} holds NaN or infinity in ${bad.originalName}: its training went bad. Take other weights, or train with a lower rate.`,
  );
}

async function openSaved(folder: string, configFile: string | undefined): Promise<OpenModel> {
  if (!(await isFile(join(folder, 'model.json'))))
    throw new InvalidArgumentError(
      '--model',
      'must be the folder of a saved TensorFlow.js model, with model.json',
      folder,
    );
  const config = await readConfig({ file: configFile });
  const model = await loadModel(folder);
  checkNumbers(model, folder);
  const [, ...shape] = model.inputs[0].shape;
  const classes = model.outputs[0].shape.at(-1) ?? 10;
  const names = config.model.classes?.length === classes ? config.model.classes : digits(classes);
  if (model.inputs.length !== 1 || shape.length !== 3 || shape.some((length) => length === null))
    throw new InvalidArgumentError('--model', 'must take one image of [height, width, channels]', folder);
  const [height, width, channels] = shape as number[];
  return {
    model,
    config: {
      ...config,
      model: { ...config.model, inputShape: [height, width, channels], classes: [...names] },
    },
    classes: names,
    from: folder,
  };
}

const digits = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));
