import type { EChartsOption } from 'echarts';
import { renderChart, textWidth } from './chart.js';
import { color, type Theme } from './palette.js';

/** One curve. `null` leaves a gap. */
export interface Line {
  name: string;
  points: [x: number, y: number | null][];
  color: string;
  /** A thin dashed line without marks: a target or a limit. */
  guide?: boolean;
  /** A broad pale line that other curves can lie on without hiding it. */
  broad?: boolean;
  symbol?: 'circle' | 'diamond' | 'triangle' | 'rect';
  /** `end` holds each value until the next x. */
  step?: 'start' | 'middle' | 'end';
  /** Marks alone, each with its own text beside it where `labels` has one. */
  scattered?: { labels: readonly (MarkLabel | undefined)[] };
  /** Thin bars without marks, which the legend does not name. */
  bars?: boolean;
  tooltip?: (x: number, y: number, index: number) => string;
}

/** Text beside a mark. */
export interface MarkLabel {
  text: string;
  side: 'left' | 'right';
}

/** One pair of axes with its curves, placed inside the plot. */
export interface Panel {
  title: string;
  left: number;
  right: number;
  /** Upper edge of the panel, its title included. */
  top: number;
  bottom: number;
  xAxis: object;
  yAxis: object;
  lines: Line[];
  /** Room left of the axis for its labels and name. */
  axisWidth?: number;
}

/** Above so many points the curve stands without marks. */
const mostMarks = 45;
/** Room between entries of a legend, and between its rows. */
const legendGap = 14;

/** Draws line charts side by side or below each other. */
export function renderPanels(
  panels: readonly Panel[],
  frame: {
    width: number;
    height: number;
    title: string;
    heading?: string;
    description: string;
    theme: Theme;
  },
): string {
  const lines = panels.flatMap((panel, index) => panel.lines.map((line) => ({ line, index })));
  const rowHeight = ({ top }: Panel) =>
    Math.max(...panels.filter((panel) => panel.top === top).map((panel) => legendHeight(panel, frame.width)));
  const option: EChartsOption = {
    title: [
      ...(frame.heading === undefined ? [] : [heading(frame.heading, 16, 16, 10, frame.width - 32)]),
      ...panels.map((panel) =>
        heading(panel.title, 14, panel.left, panel.top, frame.width - panel.left - panel.right),
      ),
      ...panels
        .filter((panel) => !panel.lines.some((line) => line.points.some(([, y]) => y !== null)))
        .map((panel) => ({
          text: 'No finite values',
          left: panel.left + 60,
          top: panel.top + 90,
          padding: 0,
          textStyle: { color: color.muted, fontSize: 13, fontWeight: 400 as const },
        })),
    ],
    legend: panels.map((panel) => ({
      show: listed(panel).length > 1,
      data: listed(panel).map(({ name, guide, broad }) =>
        guide || broad ? { name, itemStyle: { opacity: 0 } } : { name },
      ),
      left: panel.left,
      right: panel.right,
      top: panel.top + 22,
      padding: 0,
      align: 'left' as const,
      orient: 'horizontal' as const,
      itemWidth: 24,
      itemHeight: 8,
      itemGap: legendGap,
      textStyle: { color: color.muted, fontSize: 12 },
    })),
    grid: panels.map((panel) => ({
      left: panel.left + (panel.axisWidth ?? 58),
      right: panel.right + 14,
      top: panel.top + 36 + rowHeight(panel),
      bottom: panel.bottom + 46,
      containLabel: false,
    })),
    xAxis: panels.map((panel, gridIndex) => ({ ...panel.xAxis, gridIndex })),
    yAxis: panels.map((panel, gridIndex) => ({ ...panel.yAxis, gridIndex })),
    series: lines.map(({ line, index }) => ({
      type: 'line' as const,
      name: line.name,
      xAxisIndex: index,
      yAxisIndex: index,
      color: line.color,
      data: line.points.map((point, i) => ({
        value: [point[0], point[1] ?? '-'],
        symbol: marked(line, i) ? (line.symbol ?? 'circle') : 'none',
        label: markLabel(line.scattered?.labels[i]),
      })),
      symbolSize: (line.symbol === 'diamond' ? 8 : 6) + (line.scattered === undefined ? 0 : 3),
      symbol:
        line.guide ||
        line.broad ||
        line.bars ||
        (line.scattered === undefined && line.points.length > mostMarks)
          ? 'none'
          : (line.symbol ?? 'circle'),
      labelLayout: { moveOverlap: 'shiftY' as const },
      showSymbol: true,
      showAllSymbol: true,
      step: line.step ?? false,
      connectNulls: false,
      clip: true,
      z: line.guide ? 1 : 2,
      lineStyle: lineStyle(line),
      itemStyle: { color: line.color, borderWidth: 0, opacity: line.broad ? 0.35 : 1 },
    })),
  };
  return renderChart(option, {
    ...frame,
    tooltip(series, data) {
      const { line } = lines[series];
      const [x, y] = line.points[data];
      return y === null ? undefined : line.tooltip?.(x, y, data);
    },
  });
}

/** What the legend names. */
const listed = ({ lines }: Panel) => lines.filter(({ bars }) => !bars);

function lineStyle({ guide, broad, bars, scattered, color }: Line) {
  if (guide) return { width: 1.5, type: [6, 4], color };
  if (scattered !== undefined) return { width: 0, opacity: 0, color };
  return { width: broad ? 7 : bars ? 1.5 : 2, opacity: broad ? 0.35 : 1, color };
}

function markLabel(label: MarkLabel | undefined) {
  if (label === undefined) return { show: false };
  const { text, side } = label;
  return {
    ...{ show: true, formatter: () => text, position: side, distance: 7 },
    ...{ color: color.muted, fontSize: 11 },
  };
}

/** Height of a panel's legend, broken into rows as ECharts will do it. */
function legendHeight(panel: Panel, width: number): number {
  const { left, right } = panel;
  const lines = listed(panel);
  if (lines.length < 2) return 0;
  let rows = 1;
  let used = 0;
  for (const { name } of lines) {
    const item = 24 + 5 + textWidth(name, 12) + legendGap;
    if (used > 0 && used + item - legendGap > width - left - right) {
      rows++;
      used = 0;
    }
    used += item;
  }
  return 18 + (rows - 1) * (13 + legendGap);
}

/** A point is marked when there are few, or when it stands alone and no line would show it. */
function marked({ points, guide, broad, bars, scattered }: Line, i: number): boolean {
  if (guide || bars) return false;
  if (scattered !== undefined) return true;
  if (points.length <= mostMarks && !broad) return true;
  const empty = (at: number) => points[at] === undefined || points[at][1] === null;
  return empty(i - 1) && empty(i + 1);
}

function heading(text: string, fontSize: number, left: number, top: number, width: number) {
  return {
    text,
    left,
    top,
    padding: 0,
    textStyle: {
      color: color.ink,
      fontSize,
      fontWeight: 600 as const,
      width,
      overflow: 'truncate' as const,
    },
  };
}

/** A finite number, or the gap that stands for anything else. */
export function finiteOrGap(value: number | undefined): number | null {
  return value !== undefined && Number.isFinite(value) ? value : null;
}
