import { join, resolve } from 'node:path';
import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import type { ArrayDataset } from '@mnist-kit/datasets';
import { parameterBreakdown, summary } from '@mnist-kit/models';
import {
  type Callback,
  CsvLogger,
  EarlyStopping,
  type FitOptions,
  JsonlLogger,
  ModelCheckpoint,
  ProgressBar,
  TensorBoardLogger,
  TerminateOnNaN,
  Trainer,
} from '@mnist-kit/trainer';
import type { Terminal } from '../command-line/command-result.js';
import type { Config } from '../config/schema.js';
import { writeReport } from '../run/report.js';
import { ConfigKeeper, prepareFolder, RESULTS_FILE, type RunResults } from '../run/run-folder.js';
import { buildModel } from './build-model.js';
import { buildTraining, inPart } from './build-training.js';
import { evaluationLoader, loadTrainingData, openDataset } from './load-data.js';

/** How to train a config. */
export interface TrainOptions {
  /** Where a fit goes on. Default: from the start. */
  readonly resume?: FitOptions['resume'];
}

/** What was trained on what, in a line. */
export function titleOf({ model, data }: Config): string {
  return `${model.kind} on ${data.kind === 'mnist' ? 'MNIST' : 'Fashion-MNIST'}`;
}

/** The folder of a config's run, absolute. */
export function outOf({ out, model }: Config): string {
  return resolve(out ?? join('runs', model.kind));
}

/**
 * Trains a config, tests its best weights, and writes what is to be kept into the run's folder.
 *
 * @throws InvalidArgumentError for settings that cannot work, before anything is written; CheckpointError for a state
 * that cannot be resumed.
 */
export async function trainConfig(
  given: Config,
  { print, json }: Terminal,
  { resume }: TrainOptions = {},
): Promise<RunResults & { readonly interrupted: boolean }> {
  const started = performance.now();
  const out = outOf(given);
  const generator = new Generator(given.seed);
  const data = await loadTrainingData(given, generator);
  const config = { ...given, model: withEnds(given.model, data.dataset) };
  const model = inPart('model', () => buildModel(config.model, generator));
  const { averaging, ...training } = buildTraining(config, { stepsPerEpoch: data.train.length });
  const { monitor = data.val === undefined ? 'trainAccuracy' : 'valAccuracy', ...kept } = config.checkpoint;
  const checkpoint = inPart('checkpoint', () => new ModelCheckpoint({ dir: out, monitor, ...kept }));
  const trainer = inPart(
    'trainer',
    () =>
      new Trainer({
        ...config.trainer,
        ...training,
        model,
        generator,
        log: print,
        callbacks: [
          new ProgressBar({ bar: json ? false : undefined, log: print }),
          new ConfigKeeper(out, config),
          ...loggers(config, out),
          ...averaging,
          new TerminateOnNaN(),
          checkpoint,
          ...earlyStopping(config),
        ],
      }),
  );
  try {
    const { engine } = await describeStart();
    if (!config.trainer.fastDevRun) await prepareFolder(out);
    const history = await trainer.fit(data.train, { val: data.val, epochs: config.epochs, resume });
    if (history.stopReason === 'stopped') print(`Stopped: ${history.stopMessage}.`);

    const { best } = checkpoint;
    const finished = !history.interrupted && !config.trainer.fastDevRun;
    const tested = finished && config.test ? await measure() : undefined;
    const results: RunResults = {
      title: titleOf(config),
      parameters: parameterBreakdown(model).total,
      trainSamples: data.trainSamples,
      valSamples: data.valSamples,
      engine,
      best: best === undefined ? null : { ...best, monitor },
      test: tested?.measured ?? null,
      epochs: history.epochs,
      stopReason: history.stopReason,
      stopMessage: history.stopMessage ?? null,
      seconds: (performance.now() - started) / 1000,
      node: process.version,
      out,
    };
    if (!config.trainer.fastDevRun) {
      await writeFileAtomic(join(out, RESULTS_FILE), `${JSON.stringify(results, null, 2)}\n`);
      if (config.report && history.epochs.length > 0)
        await writeReport({ folder: out, config, results, tested: tested?.predictions });
      print(`Written to ${out}`);
    }
    return { ...results, interrupted: history.interrupted };
  } finally {
    await trainer.dispose();
    await Promise.all([data.train.dispose(), data.val?.dispose()]);
    model.dispose();
  }

  async function describeStart() {
    const { description } = await trainer.executor();
    print(`${titleOf(config)}\n\n${summary(model)}\n`);
    print(
      `Training on ${data.trainSamples} images, validating on ${data.valSamples}, seed ${config.seed}, ` +
        `engine: ${description}`,
    );
    return { engine: description };
  }

  /** The best weights on the test images. */
  async function measure() {
    const dataset = await openDataset(config, 'test');
    const loader = evaluationLoader(config, dataset);
    try {
      const averaged = averaging.length > 0 && config.averaging?.kind === 'StochasticWeightAveraging';
      // Averaged weights come into being when the fit ends, and are the last ones.
      if (!averaged) await checkpoint.loadBest(model);
      const { testLoss: loss, testAccuracy: accuracy } = await trainer.test(loader);
      const from = averaged ? 'Averaged weights' : `Best weights: epoch ${checkpoint.best?.epoch}`;
      print(`\n${from}. Test loss ${loss.toFixed(4)}, test accuracy ${(accuracy * 100).toFixed(2)}%`);
      return {
        measured: { loss, accuracy },
        predictions: { ...(await trainer.predict(loader)), dataset },
      };
    } finally {
      await loader.dispose();
    }
  }
}

/** The net with the images and classes of the data set, of which the classes may have other names. */
function withEnds(model: Config['model'], { shape, classes }: ArrayDataset): Config['model'] {
  if (model.inputShape !== undefined && String(model.inputShape) !== String(shape))
    throw new InvalidArgumentError(
      'model.inputShape',
      `must be [${shape.join(', ')}], as the images are`,
      model.inputShape,
    );
  if (model.classes !== undefined && model.classes.length !== classes.length)
    throw new InvalidArgumentError(
      'model.classes',
      `must name the ${classes.length} classes of the data set`,
      model.classes,
    );
  return { ...model, inputShape: [...shape], classes: [...(model.classes ?? classes)] };
}

function loggers({ jsonl, tensorBoard }: Config, out: string): Callback[] {
  return [
    new CsvLogger({ path: join(out, 'history.csv') }),
    ...(jsonl ? [new JsonlLogger({ path: join(out, 'log.jsonl'), everyNSteps: 50 })] : []),
    ...(tensorBoard ? [new TensorBoardLogger({ dir: join(out, 'tensorboard') })] : []),
  ];
}

/** The callback that ends a training early, if the config has one. */
export function earlyStopping({ earlyStopping: settings }: Config): Callback[] {
  if (settings === null) return [];
  const { monitor = settings.target === undefined ? undefined : 'valAccuracy', ...rest } = settings;
  return [inPart('earlyStopping', () => new EarlyStopping({ ...rest, ...(monitor && { monitor }) }))];
}
