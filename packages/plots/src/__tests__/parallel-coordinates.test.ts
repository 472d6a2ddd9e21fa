import { InvalidArgumentError } from '@mnist-kit/core';
import { type CoordinateRow, parallelCoordinates } from '@mnist-kit/plots';
import { expect, test } from 'vitest';
import { all, bend, hostile, parse, texts } from './helpers.js';

const rows: CoordinateRow[] = [
  { lr: 0.001, optimizer: 'adamW', decay: true, accuracy: 0.98 },
  { lr: 0.01, optimizer: 'muon', decay: false, accuracy: 0.995 },
  { lr: 0.1, optimizer: 'adamW', decay: true, accuracy: 0.99 },
];

/** The corners of the lines of the rows, in the order of drawing: the lowest last value first. */
const lines = (svg: string) =>
  all(parse(svg), 'polyline').map((line) => ({
    width: Number(line.getAttribute('stroke-width')),
    points: [...(line.getAttribute('points') ?? '').matchAll(/([\d.]+) ([\d.]+)/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ]),
  }));

test('each row is a line that crosses every axis at its value', () => {
  const drawn = lines(parallelCoordinates(rows, { logAxes: ['lr'] }));
  expect(drawn).toHaveLength(3);
  const ordered = [rows[0], rows[2], rows[1]];
  const heights = (axis: number) => drawn.map(({ points }) => points[axis][1]);
  expect(
    bend(heights(0).map((pixel, i) => ({ value: Math.log10(Number(ordered[i].lr)), pixel }))),
  ).toBeLessThan(0.2);
  expect(bend(heights(3).map((pixel, i) => ({ value: Number(ordered[i].accuracy), pixel })))).toBeLessThan(
    0.2,
  );
  const [adamW, alike, muon] = heights(1);
  expect(adamW).toBe(alike);
  expect(adamW).not.toBe(muon);
});

test('the best rows are drawn strongly', () => {
  const widths = lines(parallelCoordinates(rows, { highlight: 1 })).map(({ width }) => width);
  expect(widths[2]).toBeGreaterThan(widths[0]);
  expect(widths[0]).toBe(widths[1]);
});

test('axes are named and have their values; the description tells the best row', () => {
  const svg = parallelCoordinates(rows);
  expect(texts(svg)).toEqual(
    expect.arrayContaining(['lr', 'optimizer', 'decay', 'accuracy', 'muon', 'adamW', 'true', 'false']),
  );
  expect(all(parse(svg), 'desc')[0].textContent).toBe(
    '3 rows over lr, optimizer, decay, accuracy; the highest accuracy, 0.995, has lr 0.01, optimizer muon, decay false.',
  );
});

test('a single row, and values that are all alike, are drawn', () => {
  expect(lines(parallelCoordinates([rows[0]], { logAxes: ['lr'] }))).toHaveLength(1);
});

test('text with markup in it is text', () => {
  for (const text of hostile)
    expect(all(parse(parallelCoordinates([{ [text]: text, y: 1 }], { title: text })), 'script')).toHaveLength(
      0,
    );
});

test.each<[string, unknown, object]>([
  ['no row', [], {}],
  ['a single axis', [{ y: 1 }], {}],
  ['a row without a value', [...rows, { lr: 1, accuracy: 1 }], {}],
  ['a value that is NaN', [{ x: Number.NaN, y: 1 }], {}],
  ['a last axis that is no number', rows, { axes: ['lr', 'optimizer'] }],
  ['a logarithm of 0', [{ x: 0, y: 1 }], { logAxes: ['x'] }],
  ['a logarithm of text', rows, { logAxes: ['optimizer'] }],
  ['a logarithmic axis that there is not', rows, { logAxes: ['rate'] }],
  ['half a highlighted row', rows, { highlight: 0.5 }],
  ['an option that is misspelled', rows, { highlights: 1 }],
])('refuses %s', (_, data, options) => {
  expect(() => parallelCoordinates(data as CoordinateRow[], options)).toThrow(InvalidArgumentError);
});
