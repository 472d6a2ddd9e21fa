import { InvalidArgumentError } from '@mnist-kit/core';
import { type LearningRateSweep, learningRateFinderCurve } from '@mnist-kit/plots';
import { expect, test } from 'vitest';
import { all, bend, hostile, marks, parse, strokes, texts } from './helpers.js';

const lrs = [1e-5, 1e-4, 1e-3, 1e-2, 1e-1, 1];
const losses = [2.31, 2.29, 1.9, 0.7, 1.1, 40];
const smoothed = [2.31, 2.3, 2.1, 1.2, 1.15, 2.6];

test('draws the loss over a logarithmic learning rate', () => {
  const svg = learningRateFinderCurve({ lrs, losses: smoothed });
  const drawn = marks(svg);
  expect(drawn).toHaveLength(6);
  expect(bend(drawn.map(({ x }, i) => ({ value: Math.log10(lrs[i]), pixel: x })))).toBeLessThan(0.1);
  expect(bend(drawn.map(({ y }, i) => ({ value: smoothed[i], pixel: y })))).toBeLessThan(0.1);
  expect(drawn[3].tooltip).toBe('Loss at 0.01: 1.200');
  expect(texts(svg)).toEqual(expect.arrayContaining(['1e-5', '1e-3', '0.1', 'Learning rate (log scale)']));
});

test('marks the suggestion by a vertical line at its rate', () => {
  const sweep = { lrs, losses, smoothed, suggestion: 1e-2 };
  const svg = learningRateFinderCurve(sweep);
  expect(texts(svg)).toContain('Suggestion 0.01');
  const at = marks(svg).find(({ tooltip }) => tooltip === 'Smoothed loss at 0.01: 1.200')!.x;
  const vertical = strokes(svg).filter(
    ({ width, points: [from, to, more] }) => width === 1.5 && from[0] === to[0] && more === undefined,
  );
  expect(vertical).toHaveLength(1);
  const [[[x, top], [, bottom]]] = vertical.map(({ points }) => points);
  expect(Math.abs(x - at)).toBeLessThan(0.2);
  expect(Math.abs(top - bottom)).toBeGreaterThan(100);
  expect(texts(learningRateFinderCurve({ ...sweep, suggestion: undefined })).join()).not.toContain(
    'Suggestion',
  );
});

test('a loss that explodes does not flatten the rest', () => {
  const calm = learningRateFinderCurve({ lrs: lrs.slice(0, 5), losses: losses.slice(0, 5) });
  const wild = learningRateFinderCurve({ lrs, losses: [...losses.slice(0, 5), 1e30] });
  const spread = (svg: string) => {
    const ys = marks(svg)
      .slice(0, 5)
      .map(({ y }) => y);
    return Math.max(...ys) - Math.min(...ys);
  };
  expect(spread(wild)).toBeGreaterThan(0.6 * spread(calm));
});

test('leaves gaps for losses that are not finite, and says so when none is', () => {
  expect(marks(learningRateFinderCurve({ lrs, losses: [2, Number.NaN, 1, 1, Infinity, 1] }))).toHaveLength(4);
  const nothing = learningRateFinderCurve({ lrs: [1e-3], losses: [Number.NaN] });
  expect(texts(nothing)).toContain('No finite values');
  expect(learningRateFinderCurve({ lrs, losses: lrs.map(() => -3) })).not.toMatch(/="[^"]*(NaN|Infinity)/);
});

test('a title with markup in it is text', () => {
  for (const title of hostile)
    expect(all(parse(learningRateFinderCurve({ lrs, losses }, { title })), 'script')).toHaveLength(0);
});

test.each<[string, object]>([
  ['no step', { lrs: [], losses: [] }],
  ['lists of different lengths', { lrs, losses: [1] }],
  ['a smoothed list of another length', { lrs, losses, smoothed: [1] }],
  ['no losses', { lrs }],
  ['a rate of 0', { lrs: [0, 1], losses: [1, 1] }],
  ['rates that fall', { lrs: [2, 1], losses: [1, 1] }],
  ['a rate that is NaN', { lrs: [Number.NaN], losses: [1] }],
  ['a suggestion outside the rates', { lrs, losses, suggestion: 2 }],
])('refuses %s', (_, sweep) => {
  expect(() => learningRateFinderCurve(sweep as LearningRateSweep)).toThrow(InvalidArgumentError);
});
