import { join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import { parameterBreakdown, summary } from '@mnist-kit/models';
import {
  EarlyStopping,
  LearningRateMonitor,
  ModelCheckpoint,
  ProgressBar,
  Trainer,
} from '@mnist-kit/trainer';
import { build } from './build.js';
import { compare, formatComparison } from './compare.js';
import { loadData } from './data.js';
import { EXPERIMENTS, type ExperimentName, SHARED } from './experiments.js';
import { nll } from './nll-metric.js';
import { NotebookLog } from './notebook-log.js';
import { EVAL_SIZE, type Options, TRAIN_SIZE } from './options.js';
import { formatBreakdown } from './print.js';
import type { ExperimentResult } from './results.js';
import { writePlots } from './write-plots.js';

/** Trains, tests and writes up one of the notebook's experiments. */
export async function runExperiment(
  name: ExperimentName,
  options: Options,
  print: (text: string) => void,
): Promise<ExperimentResult> {
  const started = performance.now();
  const experiment = EXPERIMENTS[name];
  const out = options.out(name);
  const generator = new Generator(options.seed);
  const { model, ...parts } = build(experiment, options.seed, generator);
  const loaders = await loadData(options, generator);

  print(`\n=== ${name}: ${experiment.title} ===\n`);
  print(summary(model));
  const breakdown = parameterBreakdown(model);
  print(formatBreakdown(breakdown));

  const log = new NotebookLog(out, print);
  const checkpoint = new ModelCheckpoint({ dir: out, monitor: 'valAccuracy' });
  const trainer = new Trainer({
    model,
    ...parts,
    generator,
    metrics: { nll: nll() },
    engine: options.engine,
    threads: options.threads ?? undefined,
    log: print,
    callbacks: [
      // The bar is drawn on stdout, which --json keeps for itself. The line per epoch is NotebookLog's.
      new ProgressBar({ bar: options.json ? false : undefined, log: () => {} }),
      new LearningRateMonitor(),
      log,
      checkpoint,
      new EarlyStopping({ monitor: 'valAccuracy', target: SHARED.target }),
    ],
  });
  try {
    const engine = (await trainer.executor()).description;
    print(
      `Training on ${loaders.trainSamples} samples, validating on ${loaders.valSamples}, seed ${options.seed}, ` +
        `engine: ${engine}\n`,
    );
    const history = await trainer.fit(loaders.train, {
      val: { val: loaders.val, valClean: loaders.valClean },
      epochs: options.epochs,
    });
    if (history.stopReason === 'stopped') print(`Stopped: ${history.stopMessage}.`);

    const best = checkpoint.best;
    let test: ExperimentResult['test'] = null;
    if (!history.interrupted) {
      await checkpoint.loadBest(model);
      const { testNll, testAccuracy } = await trainer.test(loaders.test);
      test = { loss: testNll, accuracy: testAccuracy };
      print(
        `\nBest weights: epoch ${best?.epoch}. Test Loss: ${testNll.toFixed(4)}, ` +
          `Test Acc: ${(testAccuracy * 100).toFixed(2)}%`,
      );
    }

    const comparison = compare(name, { epochs: log.epochs, testAccuracy: test?.accuracy ?? null });
    const result: ExperimentResult = {
      experiment: name,
      title: experiment.title,
      seed: options.seed,
      splitSeed: options.splitSeed,
      trainSamples: loaders.trainSamples,
      valSamples: loaders.valSamples,
      epochsAsked: options.epochs,
      engine,
      parameters: breakdown.total,
      epochs: log.epochs,
      best: best === undefined ? null : { epoch: best.epoch, valAccuracy: best.value },
      test,
      stopReason: history.stopReason,
      stopMessage: history.stopMessage ?? null,
      interrupted: history.interrupted,
      seconds: (performance.now() - started) / 1000,
      comparison,
      node: process.version,
      out,
    };
    await writeFileAtomic(join(out, 'results.json'), `${JSON.stringify(result, null, 2)}\n`);
    if (log.epochs.length > 0) await writePlots(result, trainer, loaders.test);
    print(`\n${formatComparison(comparison)}`);
    if (options.trainSamples !== null)
      print(`This run trained on ${loaders.trainSamples} samples; the others on ${TRAIN_SIZE}.`);
    if (options.evalSamples !== null)
      print(`This run was measured on ${loaders.valSamples} samples; the others on ${EVAL_SIZE}.`);
    print(`\nWritten to ${out}`);
    return result;
  } finally {
    await trainer.dispose();
    await loaders.dispose();
    model.dispose();
  }
}
