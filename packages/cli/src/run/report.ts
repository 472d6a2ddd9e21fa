import { join } from 'node:path';
import type { ArrayDataset } from '@mnist-kit/datasets';
import {
  confusionMatrix,
  countConfusions,
  learningRateCurve,
  type TrainingReportOptions,
  trainingCurves,
  trainingReport,
  worstMistakes,
} from '@mnist-kit/plots';
import { savePlot } from '@mnist-kit/plots/node';
import type { Predictions } from '@mnist-kit/trainer';
import type { Config } from '../config/schema.js';
import type { RunResults } from './run-folder.js';

/** What a report is made of. */
export interface ReportSource {
  /** Folder that the files go to. */
  readonly folder: string;
  readonly config: Config;
  readonly results: RunResults;
  /** What the model said of the test images. */
  readonly tested?: Predictions & { readonly dataset: ArrayDataset };
}

/** Writes curves as SVG and PNG, what the test showed, and `report.html`; returns the path of that. */
export async function writeReport({ folder, config, results, tested }: ReportSource): Promise<string> {
  const history = results.epochs;
  const target = config.earlyStopping?.target;
  const plots: Record<string, string> = {
    curves: trainingCurves(history, { target, title: results.title }),
    'learning-rate': learningRateCurve(history),
  };
  const measured: Partial<TrainingReportOptions> = {};
  if (results.test !== null)
    measured.results = { testAccuracy: results.test.accuracy, testLoss: results.test.loss };
  if (tested !== undefined) {
    const { labels, predictions, outputs, classes, indices, dataset } = tested;
    const [height, width, channels] = dataset.shape;
    measured.confusion = countConfusions(labels, predictions, classes);
    measured.classNames = config.model.classes ?? dataset.classes;
    plots['confusion-matrix'] = confusionMatrix(measured.confusion, { classNames: measured.classNames });
    if (channels === 1) {
      measured.mistakes = worstMistakes(
        (index) => ({ data: dataset.get(indices[index]).image, width, height }),
        { labels, logProbabilities: outputs, classes },
        { classNames: measured.classNames },
      );
      plots.mistakes = measured.mistakes;
    }
  }
  for (const [name, svg] of Object.entries(plots)) {
    await savePlot(join(folder, `${name}.svg`), svg);
    await savePlot(join(folder, `${name}.png`), svg);
  }
  const report = trainingReport({
    title: results.title,
    subtitle: `Seed ${config.seed}, ${results.trainSamples} training images, ${results.valSamples} to validate on`,
    history,
    target,
    ...measured,
    notes:
      results.stopReason === 'interrupted'
        ? ['This run was interrupted; the weights of its best epoch were not tested.']
        : [],
    configuration: { ...config, $schema: undefined, out: undefined },
    environment: { engine: results.engine, node: results.node, seconds: results.seconds },
  });
  const path = join(folder, 'report.html');
  await savePlot(path, report);
  return path;
}
