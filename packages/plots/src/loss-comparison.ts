import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import { decades, extent, integerAxis, niceRange, valueAxis } from './axes.js';
import {
  checkArray,
  checkInteger,
  checkNumbers,
  checkObject,
  checkText,
  plotOptionNames,
  withDefaults,
} from './check.js';
import { formatNumber, formatRate } from './format.js';
import { finiteOrGap, type Line, renderPanels } from './line-panels.js';
import { color, seriesColors } from './palette.js';
import type { PlotOptions } from './svg.js';

/**
 * A named curve of `lossComparison`.
 *
 * @example
 * ```ts
 * import { lossComparison, type NamedCurve } from '@mnist-kit/plots';
 *
 * const curves: NamedCurve[] = [{ name: 'PyTorch', values: [2.3, 1.8] }, { name: 'mnist-kit', values: [2.3, 1.8] }];
 * const svg = lossComparison(curves);
 * ```
 */
export interface NamedCurve {
  readonly name: string;
  /** One value for each step, from `firstStep` on. */
  readonly values: ArrayLike<number>;
}

/**
 * Options of `lossComparison`.
 *
 * @example
 * ```ts
 * import { lossComparison, type LossComparisonOptions } from '@mnist-kit/plots';
 *
 * const options: LossComparisonOptions = { difference: 'relative', tolerance: 1e-3 };
 * const svg = lossComparison([{ name: 'a', values: [2, 1] }, { name: 'b', values: [2, 1.001] }], options);
 * ```
 */
export interface LossComparisonOptions extends PlotOptions {
  /** `'relative'` (default): |a − b| / |b|, where b is the first curve; `'absolute'`: |a − b|. */
  difference?: 'relative' | 'absolute';
  /** Largest difference allowed, drawn as a dashed line. Default: none. */
  tolerance?: number;
  /** Number of the first value. Default 1. */
  firstStep?: number;
  /** Name of the x axis. Default `'Step'`. */
  xName?: string;
  /** Name of the y axis of the curves. Default `'Loss'`. */
  yName?: string;
}

/**
 * Draws several curves over each other, and below them how far each lies from the first, as SVG.
 *
 * The difference has a logarithmic scale. A value that is `NaN` or infinite leaves a gap in both panels, a
 * difference of exactly 0 leaves one in the lower panel. Curves may have different lengths; the difference
 * is drawn as far as both reach.
 *
 * @param curves At least two; the first is the reference.
 * @param options `title` (drawn only where given), `width` (default 760), `height` (default 560), `theme`,
 *   `difference`, `tolerance`, `firstStep`, `xName`, `yName`.
 * @returns A complete SVG document.
 * @throws {InvalidArgumentError} There are fewer than two curves, one is empty or two have the same name, or
 *   `tolerance` is not positive.
 *
 * @example
 * ```ts
 * import { lossComparison } from '@mnist-kit/plots';
 *
 * const svg = lossComparison(
 *   [
 *     { name: 'PyTorch', values: [2.301, 1.854, 1.302] },
 *     { name: 'mnist-kit', values: [2.301, 1.8541, 1.3023] },
 *   ],
 *   { tolerance: 1e-3 },
 * );
 * ```
 */
export function lossComparison(curves: readonly NamedCurve[], options: LossComparisonOptions = {}): string {
  checkOptionNames<LossComparisonOptions>('lossComparison', options, {
    ...plotOptionNames,
    difference: true,
    tolerance: true,
    firstStep: true,
    xName: true,
    yName: true,
  });
  const { difference = 'relative', tolerance, firstStep = 1, xName = 'Step', yName = 'Loss' } = options;
  if (difference !== 'relative' && difference !== 'absolute') {
    throw new InvalidArgumentError('difference', "must be 'relative' or 'absolute'", difference);
  }
  if (tolerance !== undefined && !(tolerance > 0 && tolerance < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError('tolerance', 'must be above 0', tolerance);
  }
  checkInteger('firstStep', firstStep, 0);
  checkText('xName', xName);
  checkText('yName', yName);
  checkArray('curves', curves, 2, 'curves');
  for (const [i, curve] of curves.entries()) {
    checkObject(`curves[${i}]`, curve, '{ name, values }');
    checkText(`curves[${i}].name`, curve.name);
    checkNumbers(`curves[${i}].values`, curve.values);
    if (curve.values.length === 0) {
      throw new InvalidArgumentError(`curves[${i}].values`, 'must hold at least one value', []);
    }
    if (curves.findIndex((other) => other.name === curve.name) !== i) {
      throw new InvalidArgumentError(`curves[${i}].name`, 'must differ from the other names', curve.name);
    }
  }

  const longest = Math.max(...curves.map((curve) => curve.values.length));
  const last = firstStep + longest - 1;
  const [reference, ...others] = curves;
  const values: Line[] = curves.map(({ name, values }, i) => ({
    name,
    ...style(i),
    broad: i === 0,
    points: Array.from(values, (value, at) => [firstStep + at, finiteOrGap(value)]),
    tooltip: (x, y) => `${name}, ${xName.toLowerCase()} ${x}: ${formatNumber(y)}`,
  }));
  const differences: Line[] = others.map(({ name, values }, i) => {
    const shared = Math.min(values.length, reference.values.length);
    return {
      name,
      ...style(i + 1),
      points: Array.from({ length: shared }, (_, at) => {
        const b = reference.values[at];
        const distance = Math.abs(values[at] - b) / (difference === 'relative' ? Math.abs(b) : 1);
        return [firstStep + at, distance === 0 ? null : finiteOrGap(distance)];
      }),
      tooltip: (x, y) => `${name}, ${xName.toLowerCase()} ${x}: off by ${formatRate(y)}`,
    };
  });
  const spread = extent(differences.flatMap(({ points }) => points.map(([, y]) => y ?? undefined)));
  if (tolerance !== undefined) {
    const pad = longest > 1 ? 0 : 0.5;
    differences.push({
      name: `Tolerance ${formatRate(tolerance)}`,
      color: color.muted,
      guide: true,
      points: [
        [firstStep - pad, tolerance],
        [last + pad, tolerance],
      ],
    });
  }
  const limits = extent([...(spread ?? []), tolerance]) ?? [1e-6, 1];

  const top = options.title === undefined ? 16 : 48;
  const frame = withDefaults(options, { title: `${yName} comparison`, width: 760, height: top + 544 });
  const upper = Math.round((frame.height - top) * 0.56);
  const common = { left: 16, right: 16, axisWidth: 64, xAxis: integerAxis(xName, firstStep, last) };
  const kind = difference === 'relative' ? 'Relative difference' : 'Absolute difference';
  return renderPanels(
    [
      {
        ...common,
        title: yName,
        top,
        bottom: frame.height - top - upper + 4,
        yAxis: valueAxis(yName, niceRange(extent(ys(values)) ?? [0, 1]), { nameGap: 48 }),
        lines: values,
      },
      {
        ...common,
        title: `${kind} from ${reference.name} (log scale)`,
        top: top + upper,
        bottom: 6,
        yAxis: valueAxis('Difference', decades(limits), {
          scale: 'log',
          nameGap: 48,
          format: formatRate,
        }),
        lines: differences,
      },
    ],
    {
      ...frame,
      heading: options.title,
      description:
        `${curves.map((curve) => curve.name).join(', ')} over ${longest} ${xName.toLowerCase()}s. ` +
        `${kind} from ${reference.name}: ${spread === undefined ? 'none' : `at most ${formatRate(spread[1])}`}.`,
    },
  );
}

function style(i: number) {
  return {
    color: seriesColors[i % seriesColors.length],
    symbol: (['circle', 'diamond', 'triangle', 'rect'] as const)[i % 4],
  };
}

function* ys(lines: readonly Line[]): Generator<number | undefined> {
  for (const line of lines) for (const [, y] of line.points) yield y ?? undefined;
}
