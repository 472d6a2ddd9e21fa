import { color } from './palette.js';

/** Whole numbers from `first` to `last`, both included, at a round distance, at most about `most` of them. */
export function integerTicks(first: number, last: number, most = 10): number[] {
  let step = last - first <= 11 ? 1 : roundStep(Math.max(1, (last - first) / most), [1, 2, 5]);
  // Counted from 1, 5 10 15 reads better than 4 6 8.
  if (step === 2 && first % 2 !== 0) step = 5;
  const ticks = [first];
  for (let tick = (Math.floor(first / step) + 1) * step; tick < last; tick += step) {
    // A round number too near to an end would write over its label.
    if (tick - first >= step * 0.6 && last - tick >= step * 0.6) ticks.push(tick);
  }
  if (last > first) ticks.push(last);
  return ticks;
}

/** Limits and distance of ticks of a linear axis around `values`; `floor` and `ceiling` bound it where given. */
export function niceRange(
  values: readonly number[],
  { floor = Number.NEGATIVE_INFINITY, ceiling = Number.POSITIVE_INFINITY, ticks = 5 } = {},
): { min: number; max: number; interval: number } {
  let low = Math.max(floor, Math.min(...values));
  let high = Math.min(ceiling, Math.max(...values));
  // A spread this small leaves nothing to divide; the powers of ten below would underflow.
  if (high - low <= Math.max(Math.abs(high) * 1e-9, 1e-100)) {
    const around = Math.abs(high) > 1e-100 ? Math.abs(high) * 0.1 : 1;
    low = Math.max(floor, low - around);
    high = Math.min(ceiling, high + around);
  }
  const interval = roundStep((high - low) / ticks, [1, 2, 2.5, 5]);
  const clean = (value: number) => Number(value.toPrecision(12));
  return {
    min: clean(Math.max(floor, Math.floor(low / interval + 1e-9) * interval)),
    max: clean(Math.min(ceiling, Math.ceil(high / interval - 1e-9) * interval)),
    interval: clean(interval),
  };
}

/** Limits of a logarithmic axis: whole decades around positive values, at least one. */
export function decades([low, high]: readonly [number, number]): { min: number; max: number } {
  const first = Math.floor(Math.log10(low) + 1e-9);
  const last = Math.ceil(Math.log10(high) - 1e-9);
  return { min: 10 ** first, max: 10 ** Math.max(last, first + 1) };
}

/** The largest and smallest of many values, without spreading them over the stack. */
export function extent(values: Iterable<number | undefined>): [number, number] | undefined {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of values) {
    if (value === undefined || !Number.isFinite(value)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low > high ? undefined : [low, high];
}

/** An axis of whole numbers: epochs or steps. */
export function integerAxis(name: string, first: number, last: number, most?: number) {
  const ticks = integerTicks(first, last, most);
  const pad = last > first ? 0 : 0.5;
  return {
    ...axisStyle(name),
    type: 'value' as const,
    min: first - pad,
    max: last + pad,
    nameGap: 26,
    axisLine: { show: true, onZero: false, lineStyle: { color: color.axis } },
    axisTick: { show: true, customValues: ticks, lineStyle: { color: color.axis }, length: 4 },
    axisLabel: { ...labelStyle, customValues: ticks, formatter: (value: number) => String(value) },
    splitLine: { show: false },
  };
}

/** An axis of measured values, with a light grid. */
export function valueAxis(
  name: string,
  range: { min: number; max: number; interval?: number },
  options: {
    scale?: 'linear' | 'log';
    nameGap?: number;
    format?: (value: number) => string;
  } = {},
) {
  const { scale = 'linear', nameGap = 40, format } = options;
  return {
    ...axisStyle(name),
    type: scale === 'log' ? ('log' as const) : ('value' as const),
    ...range,
    nameGap,
    axisLine: { show: false },
    axisTick: { show: false },
    axisLabel: { ...labelStyle, formatter: format },
    splitLine: { show: true, lineStyle: { color: color.grid, width: 1 } },
    minorSplitLine: { show: false },
  };
}

const labelStyle = { color: color.muted, fontSize: 12 };

function axisStyle(name: string) {
  return {
    name,
    nameLocation: 'middle' as const,
    nameTextStyle: { color: color.muted, fontSize: 12 },
  };
}

function roundStep(least: number, multiples: readonly number[]): number {
  const power = 10 ** Math.floor(Math.log10(least));
  const step = multiples.find((multiple) => multiple * power >= least * (1 - 1e-9));
  return (step ?? 10) * power;
}
