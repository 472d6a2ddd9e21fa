import { InvalidArgumentError } from '@mnist-kit/core';
import { type EpochRecord, trainingCurves } from '@mnist-kit/plots';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { all, bend, hostile, marks, parse, reference, texts, yLabels } from './helpers.js';

const blue = '#0068a8';
const orange = '#cc5500';

function panel(svg: string, quantity: 'loss' | 'accuracy', color: string) {
  return marks(svg).filter((mark) => mark.color === color && mark.tooltip.includes(`: ${quantity} `));
}

describe('trainingCurves', () => {
  test('marks every loss and accuracy of the run at a height proportional to its value', () => {
    const svg = trainingCurves(reference, { target: 0.994 });
    for (const [quantity, color, key] of [
      ['loss', blue, 'trainLoss'],
      ['loss', orange, 'valLoss'],
      ['accuracy', blue, 'trainAccuracy'],
      ['accuracy', orange, 'valAccuracy'],
    ] as const) {
      const drawn = panel(svg, quantity, color);
      expect(drawn).toHaveLength(20);
      expect(bend(drawn.map(({ y }, i) => ({ value: reference[i][key], pixel: y })))).toBeLessThan(0.1);
      expect(bend(drawn.map(({ x }, i) => ({ value: reference[i].epoch, pixel: x })))).toBeLessThan(0.1);
    }
  });

  test('puts both series of a panel on the same scale, larger values higher', () => {
    const svg = trainingCurves(reference);
    const points = [
      ...panel(svg, 'loss', blue).map(({ y }, i) => ({ value: reference[i].trainLoss, pixel: y })),
      ...panel(svg, 'loss', orange).map(({ y }, i) => ({ value: reference[i].valLoss, pixel: y })),
    ];
    expect(bend(points)).toBeLessThan(0.1);
    const [low, high] = [
      points.reduce((a, b) => (a.value < b.value ? a : b)),
      points.reduce((a, b) => (a.value > b.value ? a : b)),
    ];
    expect(high.pixel).toBeLessThan(low.pixel);
  });

  test('puts marks where the numbers beside the axes say', () => {
    const svg = trainingCurves(reference);
    const numbers = yLabels(svg);
    for (const [quantity, left, key, scale] of [
      ['loss', true, 'trainLoss', 1],
      ['accuracy', false, 'trainAccuracy', 100],
    ] as const) {
      const axis = numbers.filter(({ x }) => x < 480 === left);
      expect(axis.length).toBeGreaterThanOrEqual(4);
      const drawn = panel(svg, quantity, blue).map(({ y }, i) => ({
        value: reference[i][key] * scale,
        pixel: y,
      }));
      expect(bend([...axis.map(({ value, y }) => ({ value, pixel: y })), ...drawn])).toBeLessThan(0.1);
    }
  });

  test('tells the value of a mark in percent where it is an accuracy', () => {
    const told = marks(trainingCurves(reference)).map((mark) => mark.tooltip);
    expect(told).toContain('Validation, epoch 2: accuracy 95.30%');
    expect(told).toContain('Training, epoch 1: loss 1.535');
  });

  test('draws the target as a dashed line on the accuracy scale and names it', () => {
    const svg = trainingCurves(reference, { target: 0.994 });
    expect(texts(svg)).toContain('Target 99.4%');
    const dashed = all(parse(svg), 'path')
      .map((path) => ({ d: path.getAttribute('d') ?? '', dash: path.getAttribute('stroke-dasharray') }))
      .filter(({ dash, d }) => dash !== null && /^M[\d.]+ [\d.]+L/.test(d))
      .map(({ d }) => Number(/ ([\d.]+)$/.exec(d)?.[1]));
    const drawn = panel(svg, 'accuracy', orange);
    const points = drawn.map(({ y }, i) => ({ value: reference[i].valAccuracy, pixel: y }));
    const fits = dashed.filter((pixel) => bend([...points, { value: 0.994, pixel }]) < 0.6);
    expect(fits).toHaveLength(1);
  });

  test('labels the axes with their units and the epochs with whole numbers from the first to the last', () => {
    for (const count of [1, 2, 7, 12, 20]) {
      const labels = texts(trainingCurves(reference.slice(0, count)));
      expect(labels).toEqual(expect.arrayContaining(['Epoch', 'Loss', 'Accuracy (%)', '1', String(count)]));
    }
    const ten = texts(trainingCurves(reference.slice(0, 10)));
    for (let epoch = 1; epoch <= 10; epoch++) expect(ten).toContain(String(epoch));
  });

  test('leaves a gap for NaN, infinity and missing values and marks what remains', () => {
    const history = reference.map((record, i) => ({
      ...record,
      ...(i >= 4 && i < 7 ? { valLoss: [Number.NaN, Number.POSITIVE_INFINITY, undefined][i - 4] } : {}),
    }));
    const svg = trainingCurves(history);
    expect(panel(svg, 'loss', orange)).toHaveLength(17);
    expect(panel(svg, 'loss', blue)).toHaveLength(20);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('says so where a panel has no finite value', () => {
    const labels = texts(trainingCurves([{ epoch: 1, trainLoss: Number.NaN, trainAccuracy: 0.1 }]));
    expect(labels).toContain('No finite values');
  });

  test('leaves out a panel whose fields are missing', () => {
    const labels = texts(trainingCurves([{ epoch: 1, trainLoss: 0.5 }]));
    expect(labels).toContain('Training loss');
    expect(labels.join()).not.toMatch(/accuracy/i);
  });

  test('draws 300 epochs as lines without marks, and marks a value that stands alone', () => {
    const history = Array.from({ length: 300 }, (_, i) => ({ epoch: i + 1, trainLoss: 1 / (i + 1) }));
    const svg = trainingCurves(history);
    expect(marks(svg)).toHaveLength(0);
    const longest = Math.max(
      ...all(parse(svg), 'path').map((p) => (p.getAttribute('d') ?? '').split(/[LC]/).length),
    );
    expect(longest).toBeGreaterThanOrEqual(300);
    history[10].trainLoss = Number.NaN;
    history[12].trainLoss = Number.NaN;
    expect(marks(trainingCurves(history)).map((mark) => mark.tooltip)).toEqual([
      'Training, epoch 12: loss 0.0833',
    ]);
  });

  test('draws further curves and renames its own', () => {
    const svg = trainingCurves(reference, {
      extra: [
        { metric: 'valAccuracyClean', name: 'Clean' },
        { metric: 'valAccuracy', name: 'Augmented' },
      ],
    });
    expect(texts(svg)).toEqual(expect.arrayContaining(['Clean', 'Augmented']));
    expect(marks(svg).filter((mark) => mark.tooltip.startsWith('Clean'))).toHaveLength(20);
  });

  test('stacks the panels where asked', () => {
    const svg = trainingCurves(reference, { layout: 'column' });
    const lowestLoss = Math.max(...panel(svg, 'loss', blue).map((mark) => mark.y));
    const highestAccuracy = Math.min(...panel(svg, 'accuracy', blue).map((mark) => mark.y));
    expect(lowestLoss).toBeLessThan(highestAccuracy);
  });

  test('is labelled for those who do not see it', () => {
    const root = parse(trainingCurves(reference, { title: 'OptimizedNet', target: 0.994 })).documentElement;
    expect(root?.getAttribute('role')).toBe('img');
    const [title] = all(root!, 'title');
    const [description] = all(root!, 'desc');
    expect(title.textContent).toBe('OptimizedNet');
    expect(description.textContent).toContain(
      'Validation accuracy from 88.36% to 97.64%, best 97.88% in epoch 15.',
    );
    expect(root?.getAttribute('aria-labelledby')?.split(' ')).toEqual([
      title.getAttribute('id'),
      description.getAttribute('id'),
    ]);
  });

  test('stays well-formed and shows hostile names as text', () => {
    for (const text of hostile) {
      const svg = trainingCurves(reference, {
        title: text,
        extra: [{ metric: 'valAccuracyClean', name: text }],
      });
      const document = parse(svg);
      expect(all(document, 'script')).toHaveLength(0);
      for (const element of all(document, '*')) {
        for (const attribute of element.attributes) expect(attribute.name).not.toMatch(/^on/);
      }
    }
  });

  test('gives the same bytes for the same data, whatever was drawn before', () => {
    const first = trainingCurves(reference);
    trainingCurves(reference.slice(0, 3));
    expect(trainingCurves(reference)).toBe(first);
  });

  test('switches to dark colours by media rule, or entirely where asked', () => {
    const auto = trainingCurves(reference);
    expect(auto).toContain('@media screen and (prefers-color-scheme:dark)');
    const light = trainingCurves(reference, { theme: 'light' });
    expect(light).not.toContain('@media');
    const dark = trainingCurves(reference, { theme: 'dark' });
    expect(dark).not.toContain('@media');
    expect(dark).not.toContain(blue);
    expect(marks(dark)).toHaveLength(marks(light).length);
  });

  test('any history draws one mark for each finite value, and stays well-formed', () => {
    const value = fc.oneof(
      fc.double({ min: -1e6, max: 1e6, noNaN: true }),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, 0, 1e-300, undefined),
    );
    const fraction = fc.oneof(
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.constantFrom(Number.NaN, undefined),
    );
    const histories = fc.array(
      fc.record({ trainLoss: value, valLoss: value, trainAccuracy: fraction, valAccuracy: fraction }),
      { minLength: 1, maxLength: 30 },
    );
    fc.assert(
      fc.property(histories, fc.integer({ min: 0, max: 1000 }), (records, start) => {
        const history: EpochRecord[] = records.map((record, i) => ({
          ...record,
          trainLoss: i === 0 ? 1 : record.trainLoss,
          epoch: start + i,
        }));
        const keys = ['trainLoss', 'valLoss', 'trainAccuracy', 'valAccuracy'] as const;
        const finite = history.flatMap((r) => keys.map((key) => r[key])).filter((v) => Number.isFinite(v));
        const svg = trainingCurves(history);
        expect(marks(svg)).toHaveLength(finite.length);
        expect(svg).not.toMatch(/="[^"]*(NaN|Infinity)/);
      }),
      { numRuns: 60 },
    );
  });

  test.each([
    ['no epoch', [], {}],
    ['no array', null, {}],
    ['no losses or accuracies', [{ epoch: 1 }], {}],
    [
      'epochs that repeat',
      [
        { epoch: 1, trainLoss: 1 },
        { epoch: 1, trainLoss: 1 },
      ],
      {},
    ],
    ['a fraction of an epoch', [{ epoch: 1.5, trainLoss: 1 }], {}],
    ['an accuracy in percent', [{ epoch: 1, trainAccuracy: 97.9 }], {}],
    ['a negative accuracy', [{ epoch: 1, trainAccuracy: -0.1 }], {}],
    ['a target in percent', reference, { target: 99.4 }],
    ['a target that is NaN', reference, { target: Number.NaN }],
    ['an unknown theme', reference, { theme: 'blue' }],
    ['an unknown layout', reference, { layout: 'circle' }],
    ['a width of 0', reference, { width: 0 }],
    ['a height that is NaN', reference, { height: Number.NaN }],
  ])('refuses %s', (_, history, options) => {
    expect(() => trainingCurves(history as EpochRecord[], options as object)).toThrow(InvalidArgumentError);
  });
});
