import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import { checkCounts, checkInteger, checkNumbers, withDefaults } from './check.js';
import { formatNumber, formatPercent } from './format.js';
import { color, onFaint, onStrong, rightShades, wrongShades } from './palette.js';
import { element, escapeXml, label, type PlotOptions, svgDocument } from './svg.js';

/**
 * Options of `confusionMatrix`.
 *
 * @example
 * ```ts
 * import { confusionMatrix, type ConfusionMatrixOptions } from '@mnist-kit/plots';
 *
 * const options: ConfusionMatrixOptions = { classNames: ['cat', 'dog'], title: 'Pets' };
 * const svg = confusionMatrix([[9, 1], [2, 8]], options);
 * ```
 */
export interface ConfusionMatrixOptions extends Omit<PlotOptions, 'height'> {
  /** One name for each class. Default: 0, 1, 2, … */
  classNames?: readonly string[];
}

/** Above so many classes the cells are too small for numbers. */
const mostNumbered = 25;
const longestName = 18;

/**
 * Draws a confusion matrix as SVG: true classes down, predicted classes across.
 *
 * Right answers (the diagonal) are blue by their share of the true class, mistakes are orange by their
 * number relative to the most frequent mistake, so that a few mistakes among thousands of right answers
 * stay visible. The last column gives each class's recall. Cells without predictions are empty. Above 25
 * classes the cells carry no numbers.
 *
 * @param counts `classes x classes`; `counts[t][p]` samples of class `t` were predicted as `p`.
 * @param options `title` (default `'Confusion matrix'`), `width` (default by the number of classes; the
 *   height follows), `theme`, `classNames`.
 * @returns A complete SVG document.
 * @throws {InvalidArgumentError} The matrix is empty or not square, holds something other than whole numbers of
 *   at least 0, or `classNames` has another length.
 *
 * @example
 * ```ts
 * import { confusionMatrix } from '@mnist-kit/plots';
 *
 * const svg = confusionMatrix(
 *   [
 *     [980, 3],
 *     [12, 1005],
 *   ],
 *   { classNames: ['cat', 'dog'] },
 * );
 * ```
 */
export function confusionMatrix(
  counts: readonly (readonly number[])[],
  options: ConfusionMatrixOptions = {},
): string {
  checkOptionNames<ConfusionMatrixOptions>('confusionMatrix', options, {
    title: true,
    width: true,
    theme: true,
    classNames: true,
  });
  checkCounts(counts, options.classNames);
  const n = counts.length;
  const names = options.classNames ?? counts.map((_, i) => String(i));
  const shown = names.map(shorten);
  const nameWidth = Math.max(...shown.map((name) => name.length)) * 7;
  const slanted = nameWidth > 30;

  const left = 44 + nameWidth + 10;
  const recallWidth = 70;
  const natural = left + n * Math.max(14, Math.min(46, 900 / n)) + recallWidth + 16;
  const { title, width, theme } = withDefaults(options, {
    title: 'Confusion matrix',
    width: Math.round(Math.min(10_000, Math.max(360, natural))),
    height: 400,
  });
  const cell = (width - left - recallWidth - 16) / n;
  if (cell < 4) throw new InvalidArgumentError('width', `must leave room for ${n} classes`, width);
  const top = 62 + (slanted ? nameWidth * 0.72 + 22 : 38);
  const height = Math.round(top + n * cell + 16);

  const sums = counts.map((row) => row.reduce((a, b) => a + b, 0));
  const total = sums.reduce((a, b) => a + b, 0);
  const right = counts.reduce((sum, row, i) => sum + row[i], 0);
  const worst = counts.reduce(
    (most, row, t) => row.reduce((m, count, p) => (p === t ? m : Math.max(m, count)), most),
    0,
  );
  const digits = Math.max(...counts.map((row) => Math.max(...row.map((count) => String(count).length))));
  const fontSize = Math.max(7, Math.min(13, cell * 0.34, (cell - 4) / (digits * 0.6)));

  const parts: string[] = [];
  const x = (column: number) => round(left + column * cell);
  const y = (row: number) => round(top + row * cell);
  parts.push(label(title, { x: 16, y: 28, 'font-size': 14, 'font-weight': 600 }));
  const summary =
    total === 0
      ? 'No predictions'
      : `${formatNumber(right)} of ${formatNumber(total)} right (${formatPercent(right / total)})`;
  parts.push(label(summary, { x: 16, y: 48, 'font-size': 12, fill: color.muted }));

  for (let t = 0; t < n; t++) {
    for (let p = 0; p < n; p++) {
      const count = counts[t][p];
      if (count === 0) continue;
      const level = t === p ? shade(count / sums[t]) : shade(Math.sqrt(count / worst));
      const fill = (t === p ? rightShades : wrongShades)[level];
      const tooltip = `True ${names[t]}, predicted ${names[p]}: ${formatNumber(count)} (${formatPercent(count / sums[t])} of true ${names[t]})`;
      let content = element('rect', { x: x(p), y: y(t), width: round(cell), height: round(cell), fill });
      if (n <= mostNumbered) {
        content += label(String(count), {
          x: round(x(p) + cell / 2),
          y: round(y(t) + cell / 2 + fontSize * 0.36),
          'font-size': round(fontSize),
          'text-anchor': 'middle',
          fill: level >= 4 ? onStrong : onFaint,
        });
      }
      parts.push(element('g', { class: 'mk-cell' }, `<title>${escapeXml(tooltip)}</title>${content}`));
    }
  }
  let grid = '';
  for (let i = 0; i <= n; i++) grid += `M${left} ${y(i)}H${x(n)}M${x(i)} ${top}V${y(n)}`;
  parts.push(element('path', { d: grid, fill: 'none', stroke: color.grid }));

  const small = { 'font-size': Math.max(7, Math.min(12, cell * 0.8)), fill: color.muted };
  for (let i = 0; i < n; i++) {
    const middle = round(cell / 2 + small['font-size'] * 0.36);
    parts.push(label(shown[i], { ...small, x: left - 8, y: y(i) + middle, 'text-anchor': 'end' }));
    const at = `${round(x(i) + cell / 2 + (slanted ? 3 : 0))} ${round(top - 8)}`;
    parts.push(
      element(
        'text',
        {
          transform: `translate(${at})${slanted ? ' rotate(-45)' : ''}`,
          'text-anchor': slanted ? 'start' : 'middle',
          ...small,
        },
        escapeXml(shown[i]),
      ),
    );
    const recall = sums[i] === 0 ? 'none' : formatPercent(counts[i][i] / sums[i]);
    parts.push(label(recall, { ...small, x: width - 16, y: y(i) + middle, 'text-anchor': 'end' }));
  }
  const axis = { 'font-size': 12, fill: color.muted, 'text-anchor': 'middle' as const };
  parts.push(
    label('Predicted class', { ...axis, x: round(left + (n * cell) / 2), y: 74 }),
    label('Recall', { 'font-size': 12, fill: color.muted, 'text-anchor': 'end', x: width - 16, y: top - 8 }),
    element(
      'text',
      { transform: `translate(26 ${round(top + (n * cell) / 2)}) rotate(-90)`, ...axis },
      'True class',
    ),
  );
  return svgDocument(parts.join(''), {
    width,
    height,
    title,
    theme,
    description: `${summary}. ${describeWorst(counts, names, worst)}`,
  });
}

/**
 * Counts how often each class was predicted as each class.
 *
 * @param labels True classes, `samples`.
 * @param predicted Predicted classes, `samples`.
 * @param classes Number of classes.
 * @returns `classes x classes`; `[t][p]` samples of class `t` were predicted as `p`.
 * @throws {InvalidArgumentError} The lengths differ, or a class is not an integer from 0 to `classes - 1`.
 *
 * @example
 * ```ts
 * import { countConfusions } from '@mnist-kit/plots';
 *
 * countConfusions([0, 0, 1], [0, 1, 1], 2); // [[1, 1], [0, 1]]
 * ```
 */
export function countConfusions(
  labels: ArrayLike<number>,
  predicted: ArrayLike<number>,
  classes: number,
): number[][] {
  checkInteger('classes', classes, 1);
  checkNumbers('labels', labels);
  checkNumbers('predicted', predicted);
  if (predicted.length !== labels.length) {
    throw new InvalidArgumentError(
      'predicted.length',
      `must be ${labels.length}, as labels has`,
      predicted.length,
    );
  }
  const counts = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  const inRange = (value: number) => Number.isInteger(value) && value >= 0 && value < classes;
  for (let i = 0; i < labels.length; i++) {
    for (const [argument, value] of [
      [`labels[${i}]`, labels[i]],
      [`predicted[${i}]`, predicted[i]],
    ] as const) {
      if (!inRange(value)) {
        throw new InvalidArgumentError(argument, `must be a class from 0 to ${classes - 1}`, value);
      }
    }
    counts[labels[i]][predicted[i]]++;
  }
  return counts;
}

function shade(share: number): number {
  return Math.min(5, Math.floor(share * 6));
}

function shorten(name: string): string {
  const characters = [...name];
  return characters.length <= longestName ? name : `${characters.slice(0, longestName - 1).join('')}…`;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

function describeWorst(
  counts: readonly (readonly number[])[],
  names: readonly string[],
  worst: number,
): string {
  if (worst === 0) return 'No mistakes.';
  const t = counts.findIndex((row, i) => row.some((count, p) => p !== i && count === worst));
  const p = counts[t].findIndex((count, i) => i !== t && count === worst);
  return `Most frequent mistake: ${names[t]} predicted as ${names[p]}, ${formatNumber(worst)} times.`;
}
