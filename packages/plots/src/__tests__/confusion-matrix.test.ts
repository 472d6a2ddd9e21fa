import { InvalidArgumentError } from '@mnist-kit/core';
import { confusionMatrix, countConfusions } from '@mnist-kit/plots';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { all, hostile, parse, texts } from './helpers.js';

const counts = [
  [95, 3, 2],
  [0, 80, 20],
  [1, 0, 49],
];

function cells(svg: string) {
  return all(parse(svg), 'g')
    .filter((group) => group.getAttribute('class') === 'mk-cell')
    .map((group) => {
      const [rect] = all(group, 'rect');
      return {
        tooltip: all(group, 'title')[0].textContent ?? '',
        text: all(group, 'text')[0]?.textContent,
        x: Number(rect.getAttribute('x')),
        y: Number(rect.getAttribute('y')),
        fill: rect.getAttribute('fill'),
      };
    });
}

describe('confusionMatrix', () => {
  test('writes every count that is not 0 into its row and column', () => {
    const drawn = cells(confusionMatrix(counts));
    expect(drawn.map((cell) => cell.text)).toEqual(['95', '3', '2', '80', '20', '1', '49']);
    const columns = [...new Set(drawn.map((cell) => cell.x))].sort((a, b) => a - b);
    const rows = [...new Set(drawn.map((cell) => cell.y))].sort((a, b) => a - b);
    for (const { text, x, y } of drawn) {
      expect(String(counts[rows.indexOf(y)][columns.indexOf(x)])).toBe(text);
    }
  });

  test('gives accuracy, recall and the most frequent mistake', () => {
    const svg = confusionMatrix(counts, { classNames: ['cat', 'dog', 'owl'] });
    const labels = texts(svg);
    expect(labels).toContain('224 of 250 right (89.60%)');
    expect(labels).toEqual(expect.arrayContaining(['95.00%', '80.00%', '98.00%']));
    expect(all(parse(svg), 'desc')[0].textContent).toContain('dog predicted as owl, 20 times');
    expect(cells(svg)[4].tooltip).toBe('True dog, predicted owl: 20 (20.00% of true dog)');
  });

  test('shades mistakes apart from right answers', () => {
    const drawn = cells(confusionMatrix(counts));
    const fill = (text: string) => drawn.find((cell) => cell.text === text)?.fill;
    expect(fill('95')).toBe('#015e99');
    expect(fill('20')).toBe('#b34a04');
    expect(fill('1')).not.toBe(fill('20'));
  });

  test('draws classes without samples and matrices without predictions', () => {
    const svg = confusionMatrix([
      [0, 0],
      [0, 0],
    ]);
    expect(texts(svg)).toContain('No predictions');
    expect(svg).not.toContain('NaN');
  });

  test('draws a hundred classes without numbers', () => {
    const many = Array.from({ length: 100 }, (_, t) =>
      Array.from({ length: 100 }, (_, p) => (t === p ? 9 : 0)),
    );
    const drawn = cells(confusionMatrix(many));
    expect(drawn).toHaveLength(100);
    expect(drawn[0].text).toBeUndefined();
  });

  test('shows hostile class names as text', () => {
    const n = hostile.length;
    const diagonal = hostile.map((_, t) => hostile.map((_, p) => (t === p ? 1 : 0)));
    const svg = confusionMatrix(diagonal, { classNames: hostile });
    expect(all(parse(svg), 'script')).toHaveLength(0);
    expect(cells(svg)).toHaveLength(n);
    expect(cells(svg)[0].tooltip).toContain(hostile[0]);
  });

  test.each([
    ['no rows', [], {}],
    ['a ragged matrix', [[1, 2], [3]], {}],
    [
      'a matrix that is not square',
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      {},
    ],
    ['a negative count', [[-1]], {}],
    ['half a count', [[0.5]], {}],
    ['NaN', [[Number.NaN]], {}],
    [
      'too few names',
      [
        [1, 0],
        [0, 1],
      ],
      { classNames: ['a'] },
    ],
    ['a width without room', Array.from({ length: 50 }, () => new Array(50).fill(1)), { width: 150 }],
  ])('refuses %s', (_, matrix, options) => {
    expect(() => confusionMatrix(matrix as number[][], options)).toThrow(InvalidArgumentError);
  });
});

describe('countConfusions', () => {
  test('counts each pair where it belongs', () => {
    const pairs = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 })));
    fc.assert(
      fc.property(pairs, (list) => {
        const counted = countConfusions(
          Int32Array.from(list, ([t]) => t),
          list.map(([, p]) => p),
          5,
        );
        for (let t = 0; t < 5; t++) {
          for (let p = 0; p < 5; p++) {
            expect(counted[t][p]).toBe(list.filter(([a, b]) => a === t && b === p).length);
          }
        }
      }),
    );
  });

  test.each([
    ['lengths that differ', [1], [1, 1], 2],
    ['a label out of range', [2], [0], 2],
    ['a prediction that is NaN', [0], [Number.NaN], 2],
    ['no classes', [], [], 0],
  ])('refuses %s', (_, labels, predicted, classes) => {
    expect(() => countConfusions(labels, predicted, classes)).toThrow(InvalidArgumentError);
  });
});
