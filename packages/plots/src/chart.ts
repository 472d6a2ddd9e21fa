import type { EChartsOption } from 'echarts';
import { LineChart, ParallelChart } from 'echarts/charts';
import { GridComponent, LegendComponent, ParallelComponent, TitleComponent } from 'echarts/components';
import { format, init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import { color, type Theme } from './palette.js';
import { escapeXml, svgDocument } from './svg.js';

/** What `renderChart` needs beside the chart itself. */
export interface ChartFrame {
  width: number;
  height: number;
  title: string;
  /** What the chart shows, in words, for those who do not see it. */
  description: string;
  theme: Theme;
  /** Text shown when the pointer rests on a mark. */
  tooltip?: (seriesIndex: number, dataIndex: number) => string | undefined;
}

let registered = false;

/** Draws an ECharts option without a browser and cleans the SVG up for files and for inlining in a page. */
export function renderChart(option: EChartsOption, frame: ChartFrame): string {
  if (!registered) {
    use([
      ...[LineChart, ParallelChart, SVGRenderer],
      ...[GridComponent, LegendComponent, ParallelComponent, TitleComponent],
    ]);
    registered = true;
  }
  const { width, height } = frame;
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  try {
    chart.setOption({
      animation: false,
      textStyle: { fontFamily: 'sans-serif', color: color.ink },
      ...option,
    });
    return svgDocument(tidy(chart.renderToSVGString(), frame), frame);
  } finally {
    chart.dispose();
  }
}

/** Width of a line of text in CSS pixels, as the layout of charts takes it. */
export function textWidth(text: string, fontSize: number): number {
  return format.getTextRect(text, `${fontSize}px sans-serif`).width;
}

/**
 * Keeps what is drawn and drops what serves ECharts' own interactive client: hover styles, hit areas and
 * metadata attributes. Ids get a placeholder, since ECharts numbers them by a counter of the process.
 */
function tidy(svg: string, frame: ChartFrame): string {
  return svg
    .replace(/^<svg[^>]*>\s*(<rect[^>]*><\/rect>)?/, '')
    .replace(/<\/svg>\s*$/, '')
    .replace(/<style\s*>[\s\S]*?<\/style>/g, '')
    .replace(/<path [^>]*fill-opacity="0"[^>]*><\/path>\s*/g, '')
    .replace(/<path [^>]*ecmeta_ssr_type="legend"[^>]*><\/path>\s*/g, '')
    .replace(/ (class|pointer-events|xml:space)="[^"]*"/g, '')
    .replace(/ style="[^"]*"/g, (style) => style.replace(/font-family:[^;"]*;/, ''))
    .replace(/(id="|url\(#)zr\d+-/g, '$1@ID@-')
    .replace(/<path ([^>]*)><\/path>/g, (_, attributes: string) => {
      const series = /ecmeta_series_index="(\d+)"/.exec(attributes);
      const data = /ecmeta_data_index="(\d+)"/.exec(attributes);
      const clean = attributes.replace(/\s*ecmeta_\w+="[^"]*"/g, '').trim();
      const isMark = series !== null && data !== null && !clean.includes('fill="none"');
      const text = isMark ? frame.tooltip?.(Number(series[1]), Number(data[1])) : undefined;
      return text === undefined
        ? `<path ${clean}/>`
        : `<path ${clean} class="mk-mark"><title>${escapeXml(text)}</title></path>`;
    })
    .replace(/ecmeta_\w+="[^"]*"/g, '')
    .replace(/>\s+</g, '><')
    .trim();
}
