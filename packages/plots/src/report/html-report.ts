import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import { checkArray, checkObject, checkText } from '../check.js';
import { escapeXml } from '../svg.js';
import { type ReportBlock, renderBlock } from './blocks.js';
import { styleSheet } from './style.js';

/**
 * One figure at the head of a report.
 *
 * @example
 * ```ts
 * import { htmlReport, type SummaryItem } from '@mnist-kit/plots';
 *
 * const epochs: SummaryItem = { label: 'Epochs', value: '20', note: 'stopped early' };
 * const html = htmlReport({ title: 'A run', summary: [epochs], sections: [] });
 * ```
 */
export interface SummaryItem {
  /** What it is: `'Best validation accuracy'`. */
  readonly label: string;
  /** Its value, written out: `'97.88%'`. */
  readonly value: string;
  /** A few words below it: `'epoch 16'`. */
  readonly note?: string;
}

/**
 * A section of a report.
 *
 * @example
 * ```ts
 * import { htmlReport, type ReportSection } from '@mnist-kit/plots';
 *
 * const notes: ReportSection = { title: 'Notes', blocks: [{ type: 'text', text: 'One seed.' }] };
 * const html = htmlReport({ title: 'A run', sections: [notes] });
 * ```
 */
export interface ReportSection {
  readonly title: string;
  readonly blocks: readonly ReportBlock[];
}

/**
 * Content of `htmlReport`.
 *
 * @example
 * ```ts
 * import { htmlReport, type HtmlReportOptions } from '@mnist-kit/plots';
 *
 * const options: HtmlReportOptions = {
 *   title: 'A run',
 *   summary: [{ label: 'Epochs', value: '2' }],
 *   sections: [{ title: 'Notes', blocks: [{ type: 'text', text: 'One seed.' }] }],
 * };
 * const html = htmlReport(options);
 * ```
 */
export interface HtmlReportOptions {
  /** Title of the page. */
  title: string;
  /** A line below the title. Default: none. */
  subtitle?: string;
  /** Figures at the head of the page. Default: none. */
  summary?: readonly SummaryItem[];
  /** The sections, in order. */
  sections: readonly ReportSection[];
  /** A line at the end of the page: when and by what it was made. Default: none. */
  footer?: string;
}

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/**
 * Builds one self-contained HTML page from text, plots and tables.
 *
 * The page holds everything it shows: plots are inlined as SVG, and its content security policy forbids
 * scripts and requests. It follows the reader's light or dark preference, prints light, and can be read by a
 * screen reader. All text is escaped.
 *
 * @param options `title`, `subtitle`, `summary`, `sections`, `footer`.
 * @returns A complete HTML document.
 * @throws {InvalidArgumentError} The title is empty, a table's row has another length than its columns, a block has
 *   an unknown type, or a plot is not an SVG document or refers to something outside itself.
 *
 * @example
 * ```ts
 * import { htmlReport, learningRateCurve } from '@mnist-kit/plots';
 *
 * const html = htmlReport({
 *   title: 'Learning rates',
 *   summary: [{ label: 'Epochs', value: '2' }],
 *   sections: [
 *     {
 *       title: 'Schedule',
 *       blocks: [
 *         { type: 'plot', svg: learningRateCurve([{ epoch: 1, lr: 1e-3 }, { epoch: 2, lr: 1e-4 }]) },
 *         { type: 'table', columns: [{ title: 'Epoch' }, { title: 'Rate' }], rows: [[1, 1e-3], [2, 1e-4]] },
 *       ],
 *     },
 *   ],
 * });
 * ```
 */
export function htmlReport(options: HtmlReportOptions): string {
  checkOptionNames<HtmlReportOptions>('htmlReport', options, {
    title: true,
    subtitle: true,
    summary: true,
    sections: true,
    footer: true,
  });
  checkObject('options', options, 'of htmlReport an object: { title, sections }');
  const { title, subtitle, summary = [], sections, footer } = options;
  if (typeof title !== 'string' || title.trim() === '') {
    throw new InvalidArgumentError('title', 'must be a text that is not empty', title);
  }
  checkArray('sections', sections, 0, 'sections');
  for (const [i, section] of sections.entries()) {
    checkObject(`sections[${i}]`, section, '{ title, blocks }');
    checkOptionNames<ReportSection>(`sections[${i}]`, section, { title: true, blocks: true });
    checkText(`sections[${i}].title`, section.title);
    checkArray(`sections[${i}].blocks`, section.blocks, 0, 'blocks');
  }
  checkArray('summary', summary, 0, 'items');
  for (const [i, item] of summary.entries()) {
    checkObject(`summary[${i}]`, item, '{ label, value, note }');
    checkOptionNames<SummaryItem>(`summary[${i}]`, item, { label: true, value: true, note: true });
    checkText(`summary[${i}].label`, item.label);
    checkText(`summary[${i}].value`, item.value);
    if (item.note !== undefined) checkText(`summary[${i}].note`, item.note);
  }
  for (const [name, text] of Object.entries({ subtitle, footer }))
    if (text !== undefined) checkText(name, text);
  const ids = uniqueIds(sections.map((section) => section.title));
  const contents = sections
    .map((section, i) => `<li><a href="#${ids[i]}">${escapeXml(section.title)}</a></li>`)
    .join('');
  const tiles = summary
    .map(({ label, value, note }) => {
      const below = note === undefined ? '' : `<dd class="note">${escapeXml(note)}</dd>`;
      return `<div><dt>${escapeXml(label)}</dt><dd class="value">${escapeXml(value)}</dd>${below}</div>`;
    })
    .join('');
  const body = sections
    .map((section, s) => {
      const blocks = section.blocks.map((block, b) =>
        renderBlock(block, `sections[${s}].blocks[${b}]`, section.title),
      );
      return (
        `<section aria-labelledby="${ids[s]}"><h2 id="${ids[s]}">${escapeXml(section.title)}</h2>` +
        `${blocks.join('\n')}</section>`
      );
    })
    .join('\n');
  return [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<link rel="icon" href="data:,">',
    `<title>${escapeXml(title)}</title>`,
    `<style>${styleSheet}</style>`,
    '</head>',
    '<body>',
    `<header><h1>${escapeXml(title)}</h1>`,
    subtitle === undefined ? '' : `<p class="subtitle">${escapeXml(subtitle)}</p>`,
    tiles === '' ? '' : `<dl class="summary">${tiles}</dl>`,
    sections.length < 3 ? '' : `<nav aria-label="Contents"><ul>${contents}</ul></nav>`,
    '</header>',
    `<main>${body}</main>`,
    footer === undefined ? '' : `<footer>${escapeXml(footer)}</footer>`,
    '</body>',
    '</html>',
    '',
  ]
    .filter((line, i, lines) => line !== '' || i === lines.length - 1)
    .join('\n');
}

function uniqueIds(titles: readonly string[]): string[] {
  const seen = new Set<string>();
  return titles.map((title) => {
    const slug = title
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '');
    const stem = `s-${slug || 'section'}`;
    let id = stem;
    for (let i = 2; seen.has(id); i++) id = `${stem}-${i}`;
    seen.add(id);
    return id;
  });
}
