import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import { checkArray, checkInteger, checkNumbers, checkObject, checkTexts } from './check.js';
import { type DigitGridOptions, digitGrid, digitGridOptionNames, type GrayImage } from './digit-grid.js';
import { formatNumber, formatPercent } from './format.js';

/**
 * What a model said about labelled samples.
 *
 * @example
 * ```ts
 * import { findMistakes, type LabelledPredictions } from '@mnist-kit/plots';
 *
 * const predictions: LabelledPredictions = { labels: [1], logProbabilities: [-0.1, -2.4], classes: 2 };
 * const mistakes = findMistakes(predictions);
 * ```
 */
export interface LabelledPredictions {
  /** True classes, `samples`. */
  readonly labels: ArrayLike<number>;
  /** Log-probabilities or logits, `samples x classes`, row by row. */
  readonly logProbabilities: ArrayLike<number>;
  /** Number of classes. Default 10. */
  readonly classes?: number;
}

/**
 * One sample that a model got wrong.
 *
 * @example
 * ```ts
 * import { findMistakes, type Mistake } from '@mnist-kit/plots';
 *
 * const [worst]: Mistake[] = findMistakes({ labels: [1], logProbabilities: [-0.1, -2.4], classes: 2 });
 * console.log(worst.label, worst.predicted, worst.loss); // 1 0 2.39…
 * ```
 */
export interface Mistake {
  /** Position of the sample in the predictions. */
  readonly index: number;
  /** True class. */
  readonly label: number;
  /** Predicted class: the first with the largest log-probability. */
  readonly predicted: number;
  /** Probability that the model gave to the predicted class, 0 to 1. */
  readonly confidence: number;
  /** Negative log-probability of the true class, in nats: how wrong the model was. */
  readonly loss: number;
}

/**
 * Options of `worstMistakes`.
 *
 * @example
 * ```ts
 * import { worstMistakes, type WorstMistakesOptions } from '@mnist-kit/plots';
 *
 * const options: WorstMistakesOptions = { count: 12, columns: 4, classNames: ['cat', 'dog'] };
 * const image = { data: new Uint8Array(28 * 28), width: 28, height: 28 };
 * const svg = worstMistakes([image], { labels: [1], logProbabilities: [-0.1, -2.4], classes: 2 }, options);
 * ```
 */
export interface WorstMistakesOptions extends DigitGridOptions {
  /** How many mistakes to draw. Default 24. */
  count?: number;
  /** One name for each class. Default: 0, 1, 2, … */
  classNames?: readonly string[];
}

/**
 * Finds the samples that a model got wrong, the worst (largest loss on the true class) first; samples with
 * equal loss stay in their order.
 *
 * @param predictions Labels and log-probabilities (or logits: each row is normalised by its log-sum-exp).
 * @returns The mistakes, none where all predictions are right.
 * @throws {InvalidArgumentError} The lengths do not fit, a label is not a class, or a row holds `NaN`.
 *
 * @example
 * ```ts
 * import { findMistakes } from '@mnist-kit/plots';
 *
 * const [worst] = findMistakes({ labels: [1, 0], logProbabilities: [-0.1, -2.4, -0.2, -1.7], classes: 2 });
 * // worst.index === 0, worst.label === 1, worst.predicted === 0
 * ```
 */
export function findMistakes(predictions: LabelledPredictions): Mistake[] {
  checkObject('predictions', predictions, '{ labels, logProbabilities, classes }');
  const { labels, logProbabilities, classes = 10 } = predictions;
  checkInteger('classes', classes, 1);
  checkNumbers('labels', labels);
  checkNumbers('logProbabilities', logProbabilities);
  if (logProbabilities.length !== labels.length * classes) {
    throw new InvalidArgumentError(
      'logProbabilities.length',
      `must be ${labels.length} x ${classes} = ${labels.length * classes}`,
      logProbabilities.length,
    );
  }
  const mistakes: Mistake[] = [];
  for (let index = 0; index < labels.length; index++) {
    const label = labels[index];
    if (!Number.isInteger(label) || label < 0 || label >= classes) {
      throw new InvalidArgumentError(`labels[${index}]`, `must be a class from 0 to ${classes - 1}`, label);
    }
    const row = index * classes;
    let predicted = 0;
    for (let c = 0; c < classes; c++) {
      const value = logProbabilities[row + c];
      if (Number.isNaN(value) || value === Number.POSITIVE_INFINITY) {
        throw new InvalidArgumentError(`logProbabilities[${row + c}]`, 'must be a number', value);
      }
      if (value > logProbabilities[row + predicted]) predicted = c;
    }
    if (predicted === label) continue;
    const largest = logProbabilities[row + predicted];
    let sum = 0;
    for (let c = 0; c < classes; c++) sum += Math.exp(logProbabilities[row + c] - largest);
    mistakes.push({
      index,
      label,
      predicted,
      confidence: 1 / sum,
      loss: largest - logProbabilities[row + label] + Math.log(sum),
    });
  }
  return mistakes.sort((a, b) => b.loss - a.loss || a.index - b.index);
}

/**
 * Draws the digits that a model got most wrong, as SVG: each with its true class, the predicted class and
 * the confidence of the prediction. Without a mistake the plot says so.
 *
 * @param images The images that the predictions are about, or a function that gives the one at an index
 *   (called for the drawn ones only).
 * @param predictions Labels and log-probabilities, as for `findMistakes`.
 * @param options `count`, `classNames`, and those of `digitGrid`; `title` defaults to `'Worst mistakes'`.
 * @returns A complete SVG document.
 * @throws {InvalidArgumentError} The predictions or an image do not fit (see `findMistakes` and `digitGrid`), or
 *   `count` is not a positive integer.
 *
 * @example
 * ```ts
 * import { worstMistakes } from '@mnist-kit/plots';
 *
 * const image = { data: new Uint8Array(28 * 28).fill(128), width: 28, height: 28 };
 * const svg = worstMistakes([image], { labels: [1], logProbabilities: [-0.1, -2.4], classes: 2 });
 * ```
 */
export function worstMistakes(
  images: readonly GrayImage[] | ((index: number) => GrayImage),
  predictions: LabelledPredictions,
  options: WorstMistakesOptions = {},
): string {
  checkOptionNames<WorstMistakesOptions>('worstMistakes', options, {
    ...digitGridOptionNames,
    count: true,
    classNames: true,
  });
  const { count = 24, classNames, ...grid } = options;
  checkInteger('count', count, 1);
  const mistakes = findMistakes(predictions);
  const classes = predictions.classes ?? 10;
  if (classNames !== undefined) checkTexts('classNames', classNames);
  if (typeof images !== 'function') checkArray('images', images, 0, 'images');
  if (classNames !== undefined && classNames.length !== classes) {
    throw new InvalidArgumentError('classNames', `must hold ${classes} names`, classNames);
  }
  const name = (c: number) => classNames?.[c] ?? String(c);
  const drawn = mistakes.slice(0, count).map((mistake) => {
    const { index, label, predicted, confidence } = mistake;
    const image = typeof images === 'function' ? images(index) : images[index];
    if (image === undefined) {
      throw new InvalidArgumentError('images', `must hold an image for sample ${index}`, undefined);
    }
    return {
      image,
      caption: [`${name(label)} read as ${name(predicted)}`, formatPercent(confidence, 1)],
      tooltip:
        `Sample ${index}: true ${name(label)}, predicted ${name(predicted)} ` +
        `with ${formatPercent(confidence)} confidence`,
    };
  });
  const total = predictions.labels.length;
  const wrong =
    drawn.length < mistakes.length
      ? `${drawn.length} of ${formatNumber(mistakes.length)} wrong predictions`
      : mistakes.length === 1
        ? 'The only wrong prediction'
        : `All ${formatNumber(mistakes.length)} wrong predictions`;
  const subtitle =
    mistakes.length === 0
      ? `No wrong prediction among ${formatNumber(total)}`
      : `${wrong} among ${formatNumber(total)}, worst first, each with its confidence`;
  return digitGrid(drawn, { title: 'Worst mistakes', subtitle, ...grid });
}
