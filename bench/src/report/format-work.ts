import type { Measured } from '../rounds/measure-work.js';
import { median, medianRatio } from '../rounds/statistics.js';
import { epochBatches, nameOf, unitOf, type Work } from '../works/work.js';
import { ratiosOf } from './report.js';
import { formatTable } from './table.js';

/** One work's table for people. */
export function formatWork(group: readonly Measured[]): string {
  const { work } = group[0];
  const ratios = ratiosOf(group);
  const references = group.filter(({ runner }) => runner.reference).map(({ runner }) => runner.name);
  const unit = unitOf(work);
  const parts = unit === '%';
  const isBest = (name: string) => ratios.some(({ reference, best }) => best && reference === name);
  const header = [
    nameOf(work),
    'median',
    'min',
    rateName(work),
    ...(parts ? ['engine', 'waiting', 'drawing'] : []),
    ...references.map((name) => `vs ${name}${isBest(name) ? '*' : ''}`),
    'rounds',
  ];
  const rows = group.map(({ runner, values, parts: of }) => [
    `  ${runner.name}`,
    `${median(values).toFixed(2)} ${unit}`,
    `${Math.min(...values).toFixed(2)} ${unit}`,
    rate(work, median(values)),
    ...(of ? [of.engine, of.waiting, of.drawing].map((ms) => `${ms.toFixed(2)} ms`) : []),
    ...references.map((name) => {
      const found = ratios.find((ratio) => ratio.runner === runner.name && ratio.reference === name);
      return found === undefined ? '' : `${found.ratio.toFixed(2)}x`;
    }),
    String(values.length),
  ]);
  return formatTable([header, ...rows]);
}

/** How runners that differ in nothing but threads compare with the fewest; empty when there is one only. */
export function formatScaling(groups: readonly (readonly Measured[])[]): string {
  const rows = groups.flatMap((group) => {
    const plans = group.filter(({ runner }) => /^plan-\d+t$/.test(runner.name));
    if (plans.length < 2 || unitOf(group[0].work) !== 'ms') return [];
    const [first, ...more] = plans;
    return [
      [
        nameOf(first.work),
        first.runner.name,
        ...more.map(
          ({ runner, values }) => `${runner.name} ${medianRatio(first.values, values).toFixed(2)}x`,
        ),
      ],
    ];
  });
  return rows.length === 0 ? '' : formatTable(rows);
}

function rateName({ kind }: Work): string {
  if (kind === 'train-step' || kind === 'epoch') return 'it/s';
  return kind === 'inference' ? 'images/s' : '';
}

function rate(work: Work, value: number): string {
  if (work.kind === 'train-step') return (1000 / value).toFixed(1);
  if (work.kind === 'epoch') return ((1000 * epochBatches(work)) / value).toFixed(1);
  return work.kind === 'inference' ? ((1000 * work.batch) / value).toFixed(0) : '';
}
