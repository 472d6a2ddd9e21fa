import { InvalidArgumentError } from '@mnist-kit/core';
import { type ScatterSeries, scatterPlot } from '@mnist-kit/plots';
import { expect, test } from 'vitest';
import { all, bend, hostile, marks, parse, strokes, texts } from './helpers.js';

const series: ScatterSeries[] = [
  {
    name: 'ours',
    points: [
      { x: 979, y: 0.989, label: 'smallest' },
      { x: 2758, y: 0.9944 },
      { x: 17_826, y: 0.9967, label: 'largest', bar: [0.9962, 0.9972] },
    ],
  },
  { name: 'others', points: [{ x: 7070, y: 0.994 }] },
];

test('marks stand at their values, over a linear or a logarithmic axis', () => {
  for (const [xScale, measure] of [
    ['linear', (x: number) => x],
    ['log', Math.log10],
  ] as const) {
    const drawn = marks(scatterPlot(series, { xScale }));
    const points = series.flatMap((one) => one.points);
    expect(drawn).toHaveLength(4);
    expect(bend(drawn.map(({ x }, i) => ({ value: measure(points[i].x), pixel: x })))).toBeLessThan(0.1);
    expect(bend(drawn.map(({ y }, i) => ({ value: points[i].y, pixel: y })))).toBeLessThan(0.1);
  }
});

test('a mark says its series, label, place and bar; labels, names and the target can be read', () => {
  const svg = scatterPlot(series, {
    ...{ xName: 'Parameters', yName: 'Accuracy', xScale: 'log', yFormat: 'percent', target: 0.994 },
  });
  expect(marks(svg)[2].tooltip).toBe('ours, largest, parameters 17,826: 99.67%, 99.62% to 99.72%');
  expect(texts(svg)).toEqual(
    expect.arrayContaining(['smallest', 'largest', 'ours', 'others', 'Target 99.40%', '10,000', '99.0%']),
  );
  expect(texts(svg)).toContain('Accuracy over parameters');
});

test('a bar goes from one of its ends to the other, through its mark', () => {
  const svg = scatterPlot(series, { xScale: 'log' });
  const { x, y } = marks(svg)[2];
  const [bar] = strokes(svg).filter(
    ({ points: [a, b] }) => b !== undefined && Math.abs(a[0] - x) < 0.6 && a[0] === b[0],
  );
  const [[, from], [, to]] = bar.points;
  expect((from + to) / 2).toBeCloseTo(y, 0);
});

test('a label beside the right edge stands on the other side of its mark', () => {
  const svg = scatterPlot(series, { xScale: 'log' });
  const [left, right] = ['smallest', 'largest'].map(
    (text) => all(parse(svg), 'text').find(({ textContent }) => textContent === text)!,
  );
  expect(left.getAttribute('text-anchor')).toBe('start');
  expect(right.getAttribute('text-anchor')).toBe('end');
});

test('one point alone, or points of one height, are drawn', () => {
  for (const points of [
    [{ x: 3, y: 1 }],
    [
      { x: 1, y: 1 },
      { x: 2, y: 1 },
    ],
    [{ x: 0, y: 0 }],
  ])
    expect(marks(scatterPlot([{ name: 'a', points }]))).toHaveLength(points.length);
});

test('text with markup in it is text', () => {
  for (const text of hostile) {
    const svg = scatterPlot([{ name: text, points: [{ x: 1, y: 1, label: text }] }], {
      ...{ title: text, xName: text, yName: text },
    });
    expect(all(parse(svg), 'script')).toHaveLength(0);
  }
});

const point = { x: 1, y: 1 };
test.each<[string, unknown, object]>([
  ['no series', [], {}],
  ['a series without points', [{ name: 'a', points: [] }], {}],
  ['two series of one name', [series[1], series[1]], {}],
  ['a value that is NaN', [{ name: 'a', points: [{ x: 1, y: Number.NaN }] }], {}],
  ['a logarithm of 0', [{ name: 'a', points: [{ x: 0, y: 1 }] }], { xScale: 'log' }],
  ['a bar of one end', [{ name: 'a', points: [{ ...point, bar: [1] }] }], {}],
  ['a field that is misspelled', [{ name: 'a', points: [{ ...point, lable: 'b' }] }], {}],
  ['a scale that there is not', series, { xScale: 'square' }],
  ['an option that is misspelled', series, { xname: 'x' }],
])('refuses %s', (_, data, options) => {
  expect(() => scatterPlot(data as ScatterSeries[], options)).toThrow(InvalidArgumentError);
});
