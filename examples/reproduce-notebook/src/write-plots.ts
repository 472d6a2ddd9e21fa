import { join } from 'node:path';
import type { DataLoader } from '@mnist-kit/datasets';
import {
  confusionMatrix,
  countConfusions,
  learningRateCurve,
  type ReferenceRun,
  type TrainingReportOptions,
  trainingCurves,
  trainingReport,
  worstMistakes,
} from '@mnist-kit/plots';
import { savePlot } from '@mnist-kit/plots/node';
import type { Trainer } from '@mnist-kit/trainer';
import { NOTEBOOK_LOG } from './compare.js';
import { EXPERIMENTS, type ExperimentName, SHARED } from './experiments.js';
import referenceRuns from './reference-runs.json' with { type: 'json' };
import type { EpochResult, ExperimentResult } from './results.js';

/** Writes the curves as SVG and PNG, what the test showed, and the report. */
export async function writePlots(
  result: ExperimentResult,
  trainer: Pick<Trainer, 'predict'>,
  test: DataLoader,
): Promise<void> {
  const history = result.epochs;
  const target = SHARED.target;
  const extra = [{ metric: 'valAccuracyClean', name: 'Validation, clean' }];
  const plots: Record<string, string> = {
    curves: trainingCurves(history, { target, extra, title: result.title }),
    'learning-rate': learningRateCurve(history),
  };

  const tested: Partial<TrainingReportOptions> = {};
  if (result.test !== null) {
    const { labels, predictions, outputs, classes, indices } = await trainer.predict(test);
    const [height, width] = test.dataset.shape;
    tested.confusion = countConfusions(labels, predictions, classes);
    tested.mistakes = worstMistakes(
      (index) => ({ data: test.dataset.get(indices[index]).image, width, height }),
      { labels, logProbabilities: outputs, classes },
    );
    tested.results = { testAccuracy: result.test.accuracy, testLoss: result.test.loss };
    plots['confusion-matrix'] = confusionMatrix(tested.confusion);
    plots.mistakes = tested.mistakes;
  }

  for (const [name, svg] of Object.entries(plots)) {
    await savePlot(join(result.out, `${name}.svg`), svg);
    await savePlot(join(result.out, `${name}.png`), svg);
  }
  const report = trainingReport({
    title: result.title,
    subtitle: `The notebook's experiment "${result.experiment}" on MNIST, seed ${result.seed}`,
    history,
    target,
    extra,
    ...tested,
    reference: reference(result.experiment, history),
    notes: notes(result),
    configuration: {
      ...EXPERIMENTS[result.experiment],
      ...SHARED,
      epochs: result.epochsAsked,
      trainSamples: result.trainSamples,
      valSamples: result.valSamples,
      seed: result.seed,
      splitSeed: result.splitSeed,
    },
    environment: { engine: result.engine, node: result.node },
  });
  await savePlot(join(result.out, 'report.html'), report);
}

/** The PyTorch run, as many epochs of it as were run here. */
function reference(experiment: ExperimentName, history: readonly EpochResult[]): ReferenceRun {
  const { epochs, testAccuracy } = referenceRuns[experiment];
  return {
    name: 'PyTorch 1.13',
    history: epochs.slice(0, history.length).map((epoch, index) => ({ epoch: index + 1, ...epoch })),
    // It tested the best of twenty epochs: beside a shorter run that is no comparison.
    results: history.length >= epochs.length ? { testAccuracy } : undefined,
  };
}

function notes({ experiment, interrupted }: ExperimentResult): string[] {
  const printed = Object.entries(NOTEBOOK_LOG[experiment] ?? {}).map(
    ([epoch, accuracy]) => `${(accuracy * 100).toFixed(2)}% after epoch ${epoch}`,
  );
  return [
    'Validation images are augmented, as in the notebook, whose two halves of the split share one transform. ' +
      'The clean curve is the same weights on the images as they are.',
    ...(printed.length > 0 ? [`The notebook's log gives ${printed.join(' and ')}.`] : []),
    ...(interrupted ? ['This run was interrupted; the weights of its best epoch were not tested.'] : []),
  ];
}
