import { InvalidArgumentError } from '@mnist-kit/core';
import {
  digitGrid,
  findMistakes,
  type GrayImage,
  type LabelledPredictions,
  worstMistakes,
} from '@mnist-kit/plots';
import fc from 'fast-check';
import { PNG } from 'pngjs';
import { describe, expect, test } from 'vitest';
import { all, hostile, parse, texts } from './helpers.js';

function embedded(svg: string): { width: number; height: number; gray: number[] }[] {
  return all(parse(svg), 'image').map((image) => {
    const [, data] = /^data:image\/png;base64,(.*)$/.exec(image.getAttribute('href') ?? '') ?? [];
    const png = PNG.sync.read(Buffer.from(data, 'base64'));
    return { width: png.width, height: png.height, gray: [...png.data].filter((_, i) => i % 4 === 0) };
  });
}

const bytes: GrayImage = { data: Uint8Array.from({ length: 12 }, (_, i) => i * 20), width: 4, height: 3 };

describe('digitGrid', () => {
  test('embeds the pixels as they are', () => {
    const [image] = embedded(digitGrid([{ image: bytes, caption: ['7'] }]));
    expect(image).toEqual({ width: 4, height: 3, gray: [...bytes.data] });
  });

  test('stretches floats from black to white', () => {
    const data = Float32Array.from([-0.4242, 0, 2.8215, -0.4242]);
    const [image] = embedded(digitGrid([{ image: { data, width: 2, height: 2 } }]));
    expect(image.gray).toEqual([0, Math.round((0.4242 / (2.8215 + 0.4242)) * 255), 255, 0]);
    const flat = { data: new Float32Array(4).fill(3), width: 2, height: 2 };
    expect(embedded(digitGrid([{ image: flat }]))[0].gray).toEqual([0, 0, 0, 0]);
  });

  test('places images in rows of the asked length, in reading order, within the plot', () => {
    const svg = digitGrid(
      Array.from({ length: 7 }, (_, i) => ({ image: bytes, caption: [`digit ${i}`, 'second line'] })),
      { columns: 3 },
    );
    const document = parse(svg);
    const images = all(document, 'image').map((image) => ({
      x: Number(image.getAttribute('x')),
      y: Number(image.getAttribute('y')),
    }));
    expect(new Set(images.map(({ x }) => x)).size).toBe(3);
    expect(new Set(images.map(({ y }) => y)).size).toBe(3);
    expect(images[1].x).toBeGreaterThan(images[0].x);
    const height = Number(document.documentElement?.getAttribute('height'));
    for (const text of all(document, 'text')) expect(Number(text.getAttribute('y'))).toBeLessThan(height);
    expect(texts(svg).filter((text) => text.startsWith('digit'))).toHaveLength(7);
  });

  test('says so when there is nothing to show', () => {
    expect(texts(digitGrid([]))).toContain('None');
  });

  test('shows hostile captions as text', () => {
    for (const text of hostile) {
      const svg = digitGrid([{ image: bytes, caption: [text] }], { title: text, subtitle: text });
      expect(all(parse(svg), 'script')).toHaveLength(0);
    }
  });

  test.each([
    ['too few pixels', { data: new Uint8Array(5), width: 2, height: 3 }, {}],
    ['no pixels', { data: new Uint8Array(0), width: 0, height: 0 }, {}],
    ['a pixel that is NaN', { data: Float32Array.from([0, Number.NaN]), width: 2, height: 1 }, {}],
    ['no columns', bytes, { columns: 0 }],
    ['images of size 0', bytes, { imageSize: 0 }],
  ])('refuses %s', (_, image, options) => {
    expect(() => digitGrid([{ image }], options)).toThrow(InvalidArgumentError);
  });
});

describe('findMistakes', () => {
  const log = Math.log;

  test('orders wrong predictions by their loss and gives the confidence', () => {
    const mistakes = findMistakes({
      labels: [0, 1, 2, 0],
      logProbabilities: [
        [0.2, 0.7, 0.1],
        [0.1, 0.8, 0.1],
        [0.9, 0.09, 0.01],
        [0.3, 0.3, 0.4],
      ].flatMap((row) => row.map(log)),
      classes: 3,
    });
    expect(mistakes.map(({ index, label, predicted }) => [index, label, predicted])).toEqual([
      [2, 2, 0],
      [0, 0, 1],
      [3, 0, 2],
    ]);
    expect(mistakes[0].confidence).toBeCloseTo(0.9, 12);
    expect(mistakes[0].loss).toBeCloseTo(-log(0.01), 12);
  });

  test('takes logits, and rows with a probability of 0', () => {
    const [first, second] = findMistakes({
      labels: [0, 1],
      logProbabilities: [1000, 1002, 0, Number.NEGATIVE_INFINITY],
      classes: 2,
    });
    expect(first).toMatchObject({ index: 1, confidence: 1, loss: Number.POSITIVE_INFINITY });
    expect(second.confidence).toBeCloseTo(1 / (1 + Math.exp(-2)), 12);
  });

  test('finds all rows whose largest value is elsewhere, ordered, and no other', () => {
    const rows = fc.array(
      fc.tuple(
        fc.integer({ min: 0, max: 3 }),
        fc.array(fc.double({ min: -50, max: 50, noNaN: true }), { minLength: 4, maxLength: 4 }),
      ),
    );
    fc.assert(
      fc.property(rows, (list) => {
        const mistakes = findMistakes({
          labels: list.map(([label]) => label),
          logProbabilities: list.flatMap(([, row]) => row),
          classes: 4,
        });
        const wrong = list.flatMap(([label, row], i) => (row.indexOf(Math.max(...row)) === label ? [] : [i]));
        expect(mistakes.map((mistake) => mistake.index).sort((a, b) => a - b)).toEqual(wrong);
        for (let i = 1; i < mistakes.length; i++) {
          expect(mistakes[i].loss).toBeLessThanOrEqual(mistakes[i - 1].loss);
        }
      }),
    );
  });

  test.each([
    ['a length that does not fit', { labels: [0], logProbabilities: [0, 0, 0], classes: 2 }],
    ['a label out of range', { labels: [2], logProbabilities: [0, 0], classes: 2 }],
    ['NaN', { labels: [0], logProbabilities: [0, Number.NaN], classes: 2 }],
  ])('refuses %s', (_, predictions) => {
    expect(() => findMistakes(predictions)).toThrow(InvalidArgumentError);
  });
});

describe('worstMistakes', () => {
  const predictions: LabelledPredictions = {
    labels: [4, 1, 7],
    logProbabilities: [9, 1, 2].flatMap((p, i) =>
      Array.from({ length: 10 }, (_, c) => Math.log(c === p ? 0.91 - i * 0.1 : (0.09 + i * 0.1) / 9)),
    ),
  };

  test('draws the mistakes with true class, predicted class and confidence, and asks only for their images', () => {
    const asked: number[] = [];
    const svg = worstMistakes((index) => {
      asked.push(index);
      return bytes;
    }, predictions);
    expect(asked).toEqual([0, 2]);
    expect(all(parse(svg), 'image')).toHaveLength(2);
    expect(texts(svg)).toEqual([
      'Worst mistakes',
      'All 2 wrong predictions among 3, worst first, each with its confidence',
      '4 read as 9',
      '91.0%',
      '7 read as 2',
      '71.0%',
    ]);
  });

  test('draws as many as asked for and names the classes', () => {
    const classNames = 'abcdefghij'.split('');
    const svg = worstMistakes([bytes, bytes, bytes], predictions, { count: 1, classNames });
    expect(texts(svg)).toContain('e read as j');
    expect(texts(svg)[1]).toMatch(/^1 of 2 wrong/);
  });

  test('says so when nothing is wrong', () => {
    const svg = worstMistakes([], { labels: [1], logProbabilities: [0, 1], classes: 2 });
    expect(texts(svg)).toContain('No wrong prediction among 1');
  });

  test('refuses a missing image, a count of 0 and too few names', () => {
    expect(() => worstMistakes([], predictions)).toThrow(InvalidArgumentError);
    expect(() => worstMistakes([bytes], predictions, { count: 0 })).toThrow(InvalidArgumentError);
    expect(() => worstMistakes([bytes], predictions, { classNames: ['a'] })).toThrow(InvalidArgumentError);
  });
});
