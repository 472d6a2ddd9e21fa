import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { DataError } from '@mnist-kit/core';
import { Figures } from './figures.js';
import type { Report } from './report.js';
import { markdown, replaceSection, type Section } from './section.js';

// Bundled: this program lies in bench/dist.
const repository = fileURLToPath(new URL('../../', import.meta.url));

/** How the plan ran that the documents speak of: `-node24-256`, or empty for this Node's. */
export interface TableOptions {
  readonly variant?: string;
  /** Whether the documents are changed; else their tables are printed. */
  readonly write: boolean;
}

/**
 * Prints the tables of README.md and docs/engine.md from the results of a run, or puts them into the documents.
 *
 * @throws DataError when the file is not what `--json` writes.
 */
export async function documentTables(file: string, { variant, write }: TableOptions): Promise<void> {
  const sections = sectionsOf(await readReport(file), variant);
  for (const section of sections) {
    if (write) await replaceSection(repository, section);
    else console.log(`${section.file}, ${section.name}:\n\n${section.text}\n`);
  }
  if (write) console.log(`Written to ${[...new Set(sections.map((section) => section.file))].join(' and ')}`);
}

/** What the documents show of a run. */
export function sectionsOf(report: Report, variant?: string): Section[] {
  const figures = new Figures(report, variant);
  return [
    {
      file: 'README.md',
      name: 'measured',
      text: paragraphs(caption(figures), training(figures), inference(figures)),
    },
    {
      file: 'docs/engine.md',
      name: 'runtimes',
      text: paragraphs(caption(figures), runtimes(figures), settings(report)),
    },
    { file: 'docs/engine.md', name: 'busy', text: busy(figures) },
  ];
}

async function readReport(file: string): Promise<Report> {
  const text = await readFile(file, 'utf8');
  try {
    const report = JSON.parse(text) as Report;
    if (Array.isArray(report.results) && Array.isArray(report.ratios) && report.machine.runtimes)
      return report;
  } catch {}
  throw new DataError(`${file} is not what \`npm run bench -- --json\` writes.`);
}

const paragraphs = (...parts: readonly string[]): string => parts.filter((part) => part !== '').join('\n\n');

function caption(figures: Figures): string {
  const { machine, effort } = figures.report;
  const { pytorch, onnxruntime } = machine;
  const peers = [
    ...(pytorch ? [`PyTorch ${pytorch.torch}`] : []),
    ...(onnxruntime ? [`onnxruntime-node ${onnxruntime}`] : []),
  ];
  const against = peers.length > 0 ? `, against ${peers.join(' and ')}` : '';
  return wrap(
    `${machine.cores} cores of ${machine.cpu}, ${figures.runtime}${against}, ${machine.date.slice(0, 10)}. Medians of ${effort.rounds} rounds in which all took turns; ` +
      `load ${machine.loadBefore} before the run.`,
  );
}

function training(figures: Figures): string {
  const [few, many] = figures.threads;
  const row = (name: string, work: string, format: (ms: number) => string) =>
    figures.has(work)
      ? [
          name,
          figures.plan(work, many, format),
          figures.plan(work, few, format),
          figures.best(work, format),
          figures.ratio(work, many),
        ]
      : [];
  const perSecond = (ms: number) => `${milliseconds(ms)} (${(1000 / ms).toFixed(0)} it/s)`;
  return markdown(
    ['float32', `mnist-kit, ${threads(many)}`, threads(few), `PyTorch, ${threads(many)}`, 'ratio'],
    [
      row('training step, OptimizedNet, batch 128', 'train-step/optimizedNet/128', perSecond),
      row('training step, ImprovedNet, batch 128', 'train-step/improvedNet/128', perSecond),
      row('epoch of 50,000 images with augmentation, OptimizedNet', 'epoch/optimizedNet/128', seconds),
      row('process start to the end of the first step', 'time-to-first-step/optimizedNet/128', seconds),
      row('peak memory of a training run', 'peak-memory/optimizedNet/128', (mib) => `${mib.toFixed(0)} MiB`),
    ],
  );
}

function inference(figures: Figures): string {
  const [few, many] = figures.threads;
  const rows = ['optimizedNet', 'improvedNet'].flatMap((net) =>
    [1, 64, 512].map((batch) => {
      const work = `inference/${net}/${batch}`;
      if (!figures.has(work)) return [];
      const rate = (ms: number) =>
        batch === 1 ? milliseconds(ms) : `${thousands((1000 * batch) / ms)} images/s`;
      const ratios = [many, few].map((count) => figures.ratioTo(work, count, `onnxruntime-${count}t`));
      return [
        `${net === 'optimizedNet' ? 'OptimizedNet' : 'ImprovedNet'}, batch ${batch}`,
        figures.plan(work, many, rate),
        figures.plan(work, few, rate),
        figures.runner(work, `onnxruntime-${many}t`, rate),
        figures.runner(work, `onnxruntime-${few}t`, rate),
        figures.best(work, rate),
        [ratios.filter(Boolean).join(', '), figures.ratio(work, many)].filter(Boolean).join('; '),
      ];
    }),
  );
  return markdown(
    [
      'inference',
      `mnist-kit, ${threads(many)}`,
      threads(few),
      `onnxruntime, ${threads(many)}`,
      threads(few),
      `PyTorch, ${threads(many)}`,
      `ratio to onnxruntime (${many}, ${few}); to PyTorch`,
    ],
    rows,
  );
}

function runtimes(figures: Figures): string {
  const [few, many] = figures.threads;
  const works = ['train-step/optimizedNet/128', 'train-step/improvedNet/128'].filter((work) =>
    figures.has(work),
  );
  return markdown(
    [
      'training step, batch 128',
      ...works.flatMap((work) => [
        `${work.includes('optimized') ? 'OptimizedNet' : 'ImprovedNet'}, ${threads(few)}`,
        `${threads(many)}`,
        "ratio to PyTorch's best",
      ]),
    ],
    figures.variants.map((variant) => [
      figures.describeVariant(variant),
      ...works.flatMap((work) => [
        figures.runner(work, `plan-${few}t${variant}`, milliseconds),
        figures.runner(work, `plan-${many}t${variant}`, milliseconds),
        figures.ratio(work, many, variant),
      ]),
    ]),
  );
}

/** What PyTorch was the fastest with. */
function settings({ tunings }: Report): string {
  const lines = tunings.map(({ work, summary }) => `- ${work}: ${summary}`);
  return lines.length === 0 ? '' : `PyTorch's settings that measured best:\n\n${lines.join('\n')}`;
}

function busy({ report, threads: [, many], variant }: Figures): string {
  const rows = report.shares
    .filter(({ runner }) => runner === `plan-${many}t${variant}`)
    .map(({ work, medianPercent, parts }) => [
      work.split('/').slice(3).join(' '),
      `${medianPercent.toFixed(1)}%`,
      milliseconds(parts.engine),
      milliseconds(parts.waiting),
      milliseconds(parts.drawing),
    ]);
  return markdown(['augmentation', 'engine busy', 'step', 'waiting for the batch', 'drawing the next'], rows);
}

const milliseconds = (ms: number): string => `${ms < 1 ? ms.toFixed(2) : ms.toFixed(1)} ms`;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(ms < 2000 ? 2 : 1)} s`;
const thousands = (value: number): string => (Math.round(value / 100) * 100).toLocaleString('en-US');
const threads = (count: number): string => (count === 1 ? '1 thread' : `${count} threads`);

/** Lines of at most 120 characters. */
function wrap(text: string): string {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.length - 1;
    if (lines[last].length + word.length < 120) lines[last] += `${lines[last] ? ' ' : ''}${word}`;
    else lines.push(word);
  }
  return lines.join('\n');
}
