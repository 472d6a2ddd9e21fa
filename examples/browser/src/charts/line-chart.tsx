import { effect, type ReadonlySignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import { color, isDark } from '../app/theme.js';

/** A line of a chart. */
export interface Line {
  readonly label: string;
  /** A colour of the stylesheet. */
  readonly color: string;
  readonly width?: number;
  readonly dashed?: boolean;
  /** Whether each point has a dot. */
  readonly dots?: boolean;
  readonly steps: readonly number[];
  readonly values: readonly number[];
}

interface Props {
  /** What a screen reader says of it. */
  readonly label: string;
  /** Changes when there is something new to draw. */
  readonly version: ReadonlySignal<unknown>;
  /** The lines as they are now. */
  readonly lines: () => readonly Line[];
  readonly axis: Axis;
}

/** The vertical axis. */
export interface Axis {
  readonly log: boolean;
  /** Larger values below. */
  readonly reversed?: boolean;
  readonly splits?: readonly number[];
  readonly range: (low: number, high: number) => [number, number];
  readonly format: (value: number) => string;
}

/** Milliseconds between two drawings. */
const EVERY = 200;
const HEIGHT = 220;

/** Curves over optimizer steps. */
export function LineChart({ label, version, lines, axis }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const current = useRef({ lines, axis });
  current.current = { lines, axis };

  useEffect(() => {
    const element = host.current;
    if (element === null) return undefined;
    let plot: uPlot | undefined;
    let timer: number | undefined;
    let drawn = 0;
    let shape = '';
    const draw = () => {
      timer = undefined;
      drawn = performance.now();
      const now = current.current.lines();
      const next = now.map((line) => line.label + line.color).join();
      // Lines come and go with a second run: they are the plot's own.
      if (plot === undefined || next !== shape) {
        plot?.destroy();
        shape = next;
        plot = new uPlot(options(now, current.current.axis, element.clientWidth), join(now), element);
      } else plot.setData(join(now));
    };
    const soon = () => {
      timer ??= window.setTimeout(draw, Math.max(0, EVERY - (performance.now() - drawn)));
    };
    const stopVersion = effect(() => {
      version.value;
      soon();
    });
    const stopTheme = effect(() => {
      isDark.value;
      shape = '';
      soon();
    });
    const resize = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT }));
    resize.observe(element);
    return () => {
      stopVersion();
      stopTheme();
      resize.disconnect();
      window.clearTimeout(timer);
      plot?.destroy();
    };
  }, [version]);

  return <div class="chart" ref={host} role="img" aria-label={label} style={{ height: `${HEIGHT}px` }} />;
}

/** One table of all lines, as uPlot takes it. */
function join(lines: readonly Line[]): uPlot.AlignedData {
  const tables = lines.map(({ steps, values }) => [steps, values] as unknown as uPlot.AlignedData);
  return tables.length === 0 ? [[]] : uPlot.join(tables);
}

function options(lines: readonly Line[], axis: Axis, width: number): uPlot.Options {
  const muted = color('muted');
  const grid = { stroke: color('line'), width: 1 };
  const font = '12px system-ui, sans-serif';
  const common = { stroke: muted, grid, ticks: { ...grid, size: 4 }, font };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { y: false, points: { size: 7 } },
    padding: [8, 18, 0, 0],
    scales: {
      x: { time: false, range: (_plot, low, high) => [Math.max(0, low ?? 0), Math.max(100, high ?? 0)] },
      y: {
        distr: axis.log ? 3 : 1,
        log: 10,
        dir: axis.reversed === true ? -1 : 1,
        range: (_plot, low, high) => axis.range(low ?? Number.NaN, high ?? Number.NaN),
      },
    },
    axes: [
      { ...common, size: 28, values: (_plot, splits) => splits.map((value) => value.toLocaleString('en')) },
      {
        ...common,
        size: 52,
        ...(axis.splits !== undefined && {
          splits: () => [...(axis.splits as number[])],
          filter: (_plot, values) => values,
        }),
        values: (_plot, splits) => splits.map((value) => (value === null ? '' : axis.format(value))),
      },
    ],
    series: [
      {},
      ...lines.map(
        (line): uPlot.Series => ({
          label: line.label,
          stroke: color(line.color),
          width: line.width ?? 2,
          dash: line.dashed === true ? [6, 4] : undefined,
          spanGaps: true,
          points: { show: line.dots === true, size: 6, fill: color(line.color) },
        }),
      ),
    ],
  };
}
