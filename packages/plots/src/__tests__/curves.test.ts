import { InvalidArgumentError } from '@mnist-kit/core';
import { type LearningRatePoint, learningRateCurve, lossComparison, type NamedCurve } from '@mnist-kit/plots';
import { describe, expect, test } from 'vitest';
import { all, bend, hostile, marks, parse, reference, strokes, texts } from './helpers.js';

describe('learningRateCurve', () => {
  test('draws rates of several decades on a logarithmic scale', () => {
    const svg = learningRateCurve(reference);
    const drawn = marks(svg);
    expect(drawn).toHaveLength(20);
    expect(bend(drawn.map(({ y }, i) => ({ value: Math.log10(reference[i].lr), pixel: y })))).toBeLessThan(
      0.1,
    );
    expect(texts(svg)).toEqual(expect.arrayContaining(['1e-3', '1e-4', '1e-5', 'Epoch']));
    expect(drawn[0].tooltip).toBe('Epoch 1: 1e-3');
  });

  test('draws rates of one magnitude on a linear scale from 0', () => {
    const points = [3, 4, 5, 4, 3].map((rate, i) => ({ step: i * 100, lr: rate * 1e-3 }));
    const drawn = marks(learningRateCurve(points));
    expect(bend(drawn.map(({ y }, i) => ({ value: points[i].lr, pixel: y })))).toBeLessThan(0.1);
    expect(bend(drawn.map(({ x }, i) => ({ value: points[i].step, pixel: x })))).toBeLessThan(0.1);
    expect(texts(learningRateCurve(points))).toContain('Step');
  });

  test('holds each rate until the next point', () => {
    const svg = learningRateCurve([
      { epoch: 1, lr: 2e-3 },
      { epoch: 2, lr: 1e-3 },
    ]);
    const [first, second] = marks(svg);
    const [line] = strokes(svg).filter(({ width, points }) => width === 2 && points.length === 3);
    const corners = [
      [first.x, first.y],
      [second.x, first.y],
      [second.x, second.y],
    ];
    for (const [i, [x, y]] of line.points.entries()) {
      expect(Math.abs(x - corners[i][0]) + Math.abs(y - corners[i][1])).toBeLessThan(0.2);
    }
  });

  test('counts by epoch where it can, and by step where asked', () => {
    const points = [390, 780].map((step, i) => ({ epoch: i + 1, step, lr: 1e-3 }));
    expect(texts(learningRateCurve(points))).toContain('Epoch');
    expect(texts(learningRateCurve(points, { x: 'step' }))).toEqual(
      expect.arrayContaining(['Step', '390', '780']),
    );
  });

  test('leaves gaps for what the scale cannot show', () => {
    const points = [1e-3, 0, Number.NaN, undefined, 1e-5].map((lr, i) => ({ epoch: i + 1, lr }));
    expect(marks(learningRateCurve(points, { scale: 'log' }))).toHaveLength(2);
    expect(marks(learningRateCurve(points, { scale: 'linear' }))).toHaveLength(3);
    expect(marks(learningRateCurve([{ epoch: 1, lr: 0 }]))).toHaveLength(1);
  });

  test.each([
    ['no point', []],
    ['no rate', [{ epoch: 1 }]],
    ['only NaN', [{ epoch: 1, lr: Number.NaN }]],
    ['a negative rate', [{ epoch: 1, lr: -1 }]],
    ['neither epoch nor step', [{ lr: 1 }]],
    [
      'steps that fall',
      [
        { step: 2, lr: 1 },
        { step: 1, lr: 1 },
      ],
    ],
  ])('refuses %s', (_, points) => {
    expect(() => learningRateCurve(points as LearningRatePoint[])).toThrow(InvalidArgumentError);
  });
});

describe('lossComparison', () => {
  const a = [2.3, 1.9, 1.4, 1.1, 0.9];
  const b = [2.3, 1.90019, 1.39986, 1.1011, 0.8991];

  test('draws every curve, and the difference from the first on a logarithmic scale', () => {
    const svg = lossComparison([
      { name: 'PyTorch', values: a },
      { name: 'ours', values: Float32Array.from(b) },
    ]);
    const drawn = marks(svg);
    const broad = strokes(svg).filter(({ width }) => width === 7);
    const [reference] = broad.filter(({ points }) => points.length === 5);
    expect(bend(reference.points.map(([, pixel], i) => ({ value: a[i], pixel })))).toBeLessThan(0.1);
    const ours = drawn.filter((mark) => /^ours, step \d: \d/.test(mark.tooltip));
    expect(bend(ours.map(({ y }, i) => ({ value: b[i], pixel: y })))).toBeLessThan(0.1);
    const off = drawn.filter((mark) => mark.tooltip.includes('off by'));
    const expected = b.map((value, i) => Math.abs(Math.fround(value) - a[i]) / a[i]);
    const relative = expected.map((value, i) => ({ value: Math.log10(value), pixel: off[i].y }));
    expect(bend(relative)).toBeLessThan(0.1);
    expect(off[2].tooltip).toBe('ours, step 3: off by 9.998e-5');
  });

  test('draws the tolerance and compares as far as both curves reach', () => {
    const svg = lossComparison(
      [
        { name: 'one', values: a },
        { name: 'two', values: [2.4, 1.8, 1.5] },
        { name: 'same', values: a },
      ],
      { tolerance: 1e-3, difference: 'absolute', title: 'First steps' },
    );
    expect(texts(svg)).toEqual(expect.arrayContaining(['First steps', 'Tolerance 1e-3']));
    expect(
      marks(svg).filter((mark) => mark.tooltip.includes('two, step') && mark.tooltip.includes('off by')),
    ).toHaveLength(3);
    expect(
      marks(svg).filter((mark) => mark.tooltip.startsWith('same') && mark.tooltip.includes('off by')),
    ).toHaveLength(0);
  });

  test('survives curves that are equal, diverge or are named with malice', () => {
    const curves = (values: number[], name = 'b') => [
      { name: 'a', values: [1, 1] },
      { name, values },
    ];
    for (const values of [
      [1, 1],
      [Number.NaN, Number.NaN],
      [1, Number.POSITIVE_INFINITY],
      [1e300, -1e300],
      [0, 0],
    ]) {
      expect(lossComparison(curves(values))).not.toMatch(/="[^"]*(NaN|Infinity)/);
    }
    for (const name of hostile) {
      expect(all(parse(lossComparison(curves([1, 2], name))), 'script')).toHaveLength(0);
    }
  });

  test.each([
    ['one curve', [{ name: 'a', values: [1] }], {}],
    [
      'an empty curve',
      [
        { name: 'a', values: [1] },
        { name: 'b', values: [] },
      ],
      {},
    ],
    [
      'equal names',
      [
        { name: 'a', values: [1] },
        { name: 'a', values: [1] },
      ],
      {},
    ],
    [
      'a tolerance of 0',
      [
        { name: 'a', values: [1] },
        { name: 'b', values: [1] },
      ],
      { tolerance: 0 },
    ],
  ])('refuses %s', (_, curves, options) => {
    expect(() => lossComparison(curves as NamedCurve[], options)).toThrow(InvalidArgumentError);
  });
});
