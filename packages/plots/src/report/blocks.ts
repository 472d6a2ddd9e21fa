import { checkOptionNames, className, InvalidArgumentError } from '@mnist-kit/core';
import { checkArray } from '../check.js';
import { formatNumber } from '../format.js';
import { escapeXml } from '../svg.js';

/**
 * What a table cell can hold. `null` and `undefined` are shown as a dash.
 *
 * @example
 * ```ts
 * import type { ReportCell } from '@mnist-kit/plots';
 *
 * const row: ReportCell[] = ['Adam', 0.9912, true];
 * ```
 */
export type ReportCell = string | number | boolean | null | undefined;

/**
 * A column of a report's table.
 *
 * @example
 * ```ts
 * import type { ReportColumn } from '@mnist-kit/plots';
 *
 * const accuracy: ReportColumn = { title: 'accuracy', format: (value) => `${(100 * value).toFixed(2)}%` };
 * ```
 */
export interface ReportColumn {
  readonly title: string;
  /** How numbers are written. Default: four significant digits, whole numbers in full. */
  readonly format?: (value: number) => string;
  /** Default: right where a cell of the column is a number, left elsewhere. */
  readonly align?: 'left' | 'right';
}

/**
 * Paragraphs; an empty line starts a new one. Plain text, no markup.
 *
 * @example
 * ```ts
 * import { htmlReport, type TextBlock } from '@mnist-kit/plots';
 *
 * const block: TextBlock = { type: 'text', text: 'Both runs have the same seed.' };
 * const html = htmlReport({ title: 'A run', sections: [{ title: 'Notes', blocks: [block] }] });
 * ```
 */
export interface TextBlock {
  readonly type: 'text';
  readonly text: string;
}

/**
 * A plot of this package, inlined.
 *
 * @example
 * ```ts
 * import { htmlReport, learningRateCurve, type PlotBlock } from '@mnist-kit/plots';
 *
 * const block: PlotBlock = { type: 'plot', svg: learningRateCurve([{ epoch: 1, lr: 1e-3 }]) };
 * const html = htmlReport({ title: 'A run', sections: [{ title: 'Schedule', blocks: [block] }] });
 * ```
 */
export interface PlotBlock {
  readonly type: 'plot';
  /** A complete SVG document without scripts and outside references. */
  readonly svg: string;
  /** A variant that is shown instead on screens below 720 pixels. Default: `svg`, which can then be scrolled. */
  readonly narrowSvg?: string;
  readonly caption?: string;
}

/**
 * A table with a header row.
 *
 * @example
 * ```ts
 * import { htmlReport, type TableBlock } from '@mnist-kit/plots';
 *
 * const block: TableBlock = {
 *   type: 'table',
 *   columns: [{ title: 'epoch' }, { title: 'loss' }],
 *   rows: [[1, 0.4], [2, 0.3]],
 *   marked: 1,
 * };
 * const html = htmlReport({ title: 'A run', sections: [{ title: 'Epochs', blocks: [block] }] });
 * ```
 */
export interface TableBlock {
  readonly type: 'table';
  readonly columns: readonly ReportColumn[];
  /** One array for each row, as long as `columns`. */
  readonly rows: readonly (readonly ReportCell[])[];
  readonly caption?: string;
  /** Index of a row to highlight. Default: none. */
  readonly marked?: number;
}

/**
 * Names and values, one pair a row; nested objects are written as `outer.inner`.
 *
 * @example
 * ```ts
 * import { type FactsBlock, htmlReport } from '@mnist-kit/plots';
 *
 * const block: FactsBlock = { type: 'facts', facts: { batchSize: 128, lr: 1e-3 } };
 * const html = htmlReport({ title: 'A run', sections: [{ title: 'Settings', blocks: [block] }] });
 * ```
 */
export interface FactsBlock {
  readonly type: 'facts';
  readonly facts: Readonly<Record<string, unknown>>;
  readonly caption?: string;
}

/**
 * A part of a report's section.
 *
 * @example
 * ```ts
 * import { htmlReport, type ReportBlock } from '@mnist-kit/plots';
 *
 * const blocks: ReportBlock[] = [{ type: 'text', text: 'Both runs have the same seed.' }];
 * const html = htmlReport({ title: 'A run', sections: [{ title: 'Notes', blocks }] });
 * ```
 */
export type ReportBlock = TextBlock | PlotBlock | TableBlock | FactsBlock;

/** One block as HTML. `argument` names it in errors. */
export function renderBlock(block: ReportBlock, argument: string, sectionTitle: string): string {
  checkBlock(block, argument);
  switch (block.type) {
    case 'text':
      return block.text
        .split(/\n\s*\n/)
        .map((paragraph) => `<p>${escapeXml(paragraph.trim())}</p>`)
        .join('');
    case 'plot':
      return renderPlot(block, argument, sectionTitle);
    case 'table':
      return renderTable(block, argument, sectionTitle);
    case 'facts':
      return renderFacts(block, sectionTitle);
    default:
      throw new InvalidArgumentError(
        `${argument}.type`,
        "must be 'text', 'plot', 'table' or 'facts'",
        (block as { type?: unknown }).type,
      );
  }
}

function checkBlock(block: ReportBlock, argument: string): void {
  const caption = { type: true, caption: true } as const;
  if (block.type === 'text') checkOptionNames<TextBlock>(argument, block, { type: true, text: true });
  if (block.type === 'plot')
    checkOptionNames<PlotBlock>(argument, block, { ...caption, svg: true, narrowSvg: true });
  if (block.type === 'table')
    checkOptionNames<TableBlock>(argument, block, { ...caption, columns: true, rows: true, marked: true });
  if (block.type === 'facts') checkOptionNames<FactsBlock>(argument, block, { ...caption, facts: true });
}

function renderPlot({ svg, narrowSvg, caption }: PlotBlock, argument: string, sectionTitle: string): string {
  checkSvg(`${argument}.svg`, svg);
  let content = svg;
  if (narrowSvg !== undefined) {
    checkSvg(`${argument}.narrowSvg`, narrowSvg);
    content = `<div class="wide">${svg}</div><div class="narrow">${narrowSvg}</div>`;
  }
  const width = Number(/^[^>]*\swidth="(\d+)/.exec(svg)?.[1] ?? 0);
  // Below three quarters of its size a plot's text gets hard to read; it scrolls instead.
  const least = Math.round(width * 0.75);
  const text = caption === undefined ? '' : `<figcaption>${escapeXml(caption)}</figcaption>`;
  return `<figure>${scroll(sectionTitle, 'plot', content, `--least:${least}px`)}${text}</figure>`;
}

function renderTable(
  { columns, rows, caption, marked }: TableBlock,
  argument: string,
  title: string,
): string {
  checkArray(`${argument}.columns`, columns, 1, 'column');
  for (const [i, column] of columns.entries())
    checkOptionNames<ReportColumn>(`${argument}.columns[${i}]`, column, {
      title: true,
      format: true,
      align: true,
    });
  for (const [i, row] of rows.entries()) {
    if (row.length !== columns.length) {
      throw new InvalidArgumentError(
        `${argument}.rows[${i}]`,
        `must hold ${columns.length} cells, one for each column`,
        row,
      );
    }
  }
  const right = columns.map(({ align }, c) =>
    align === undefined ? rows.some((row) => typeof row[c] === 'number') : align === 'right',
  );
  const cssClass = (c: number, missing = false) => {
    const names = [right[c] ? 'number' : '', missing ? 'missing' : ''].filter(Boolean).join(' ');
    return names === '' ? '' : ` class="${names}"`;
  };
  const head = columns
    .map((column, c) => `<th scope="col"${cssClass(c)}>${escapeXml(column.title)}</th>`)
    .join('');
  const body = rows
    .map((row, r) => {
      const cells = row.map((cell, c) => {
        const missing = cell === null || cell === undefined;
        const content = missing ? '–' : escapeXml(formatCell(cell, columns[c].format));
        return c === 0
          ? `<th scope="row"${cssClass(c, missing)}>${content}</th>`
          : `<td${cssClass(c, missing)}>${content}</td>`;
      });
      return `<tr${r === marked ? ' class="marked"' : ''}>${cells.join('')}</tr>`;
    })
    .join('');
  return scroll(
    caption ?? title,
    '',
    `<table>${captionOf(caption)}<thead><tr>${head}</tr></thead><tbody>${body}</tbody></table>`,
  );
}

function renderFacts({ facts, caption }: FactsBlock, title: string): string {
  const rows = flatten(facts)
    .map(([name, value]) => `<tr><th scope="row">${escapeXml(name)}</th><td>${escapeXml(value)}</td></tr>`)
    .join('');
  return scroll(
    caption ?? title,
    '',
    `<table class="facts">${captionOf(caption)}<tbody>${rows}</tbody></table>`,
  );
}

/** What may be wider than the screen scrolls by itself, and can be reached and scrolled by keyboard. */
function scroll(title: string, kind: string, content: string, style?: string): string {
  const classes = kind === '' ? 'scroll' : `scroll ${kind}`;
  const css = style === undefined ? '' : ` style="${style}"`;
  return `<div class="${classes}" role="group" aria-label="${escapeXml(title)}" tabindex="0"${css}>${content}</div>`;
}

function captionOf(caption: string | undefined): string {
  return caption === undefined ? '' : `<caption>${escapeXml(caption)}</caption>`;
}

function formatCell(
  cell: string | number | boolean,
  format: (value: number) => string = formatNumber,
): string {
  if (typeof cell === 'number') return format(cell);
  return typeof cell === 'boolean' ? (cell ? 'yes' : 'no') : cell;
}

/** Names and written values of nested facts, deepest names joined by dots. */
export function flatten(
  facts: Readonly<Record<string, unknown>>,
  prefix = '',
  depth = 0,
): [string, string][] {
  return Object.entries(facts).flatMap(([key, value]): [string, string][] => {
    const name = prefix + key;
    if (value === undefined) return [];
    const plain =
      value !== null && typeof value === 'object' && Object.getPrototypeOf(value) === Object.prototype;
    return plain && depth < 4
      ? flatten(value as Record<string, unknown>, `${name}.`, depth + 1)
      : [[name, written(value)]];
  });
}

function written(value: unknown): string {
  if (value === null) return 'none';
  if (Array.isArray(value))
    return value.length > 20 ? `${value.length} values` : value.map(written).join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'function') return value.name || 'function';
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'invalid date' : value.toISOString();
  if (typeof value === 'object') return className(value) ?? 'object';
  return String(value);
}

/**
 * Refuses markup that would run code or fetch something. The page's content security policy forbids both
 * as well; this says so where the mistake is made.
 */
function checkSvg(argument: string, svg: string): void {
  const refuse = (expected: string) => {
    throw new InvalidArgumentError(argument, expected, String(svg).slice(0, 80));
  };
  if (typeof svg !== 'string' || !/^\s*<svg[\s>]/.test(svg) || !/<\/svg>\s*$/.test(svg)) {
    refuse('must be a complete SVG document, from <svg to </svg>');
  }
  if (
    /<\/?(script|foreignObject|iframe|object|embed|link|meta|base|form)\b/i.test(svg) ||
    /\son\w+\s*=\s*["']/i.test(svg)
  ) {
    refuse('must not hold scripts, event handlers or embedded documents');
  }
  const outside =
    /(href|src)\s*=\s*["'](?!#|data:image\/)/i.test(svg) ||
    /["'][^"'<>]*url\(\s*(?!&quot;#|&#39;#|#)/i.test(svg) ||
    [...svg.matchAll(/<style[\s\S]*?<\/style>/gi)].some(([style]) => /@import|url\(/i.test(style));
  if (outside) refuse('must not refer to anything outside itself');
}
