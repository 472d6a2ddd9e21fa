import { readFileSync } from 'node:fs';
import { decodePicture, type PredictOptions, preparePicture } from '@mnist-kit/cli';
import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { mnist } from '@mnist-kit/datasets';
import { encode } from 'fast-png';
import { describe, expect, test } from 'vitest';

const fixture = (name: string) => readFileSync(new URL(`./fixtures/${name}`, import.meta.url));
/** What Pillow makes of the drawing, as bytes: see fixtures/generate.py. */
const expected: Record<'seven' | 'turned', number[]> = JSON.parse(fixture('expected.json').toString());

const prepare = (name: string, options?: PredictOptions) =>
  preparePicture(decodePicture(fixture(name), name), name, 28, options);

/** Mean difference from what Pillow makes, of 1; the least one of all shifts by up to so many pixels. */
function difference(name: string, shift = 0): number {
  const { values } = prepare(name);
  const moves = Array.from({ length: 2 * shift + 1 }, (_, i) => i - shift);
  const means = moves.flatMap((dx) =>
    moves.map((dy) => {
      const at = (i: number) => values[i + dy * 28 + dx] ?? 0;
      return expected.seven.reduce((sum, byte, i) => sum + Math.abs(byte / 255 - at(i)), 0) / 784;
    }),
  );
  return Math.min(...means);
}

describe('a drawing comes out as Pillow centres it', () => {
  test.each([
    ['dark.png', 'dark'],
    ['light.png', 'light'],
    ['rgb.png', 'dark'],
    ['sixteen-bits.png', 'dark'],
    ['interlaced.png', 'dark'],
    ['black-on-transparent.png', 'dark'],
    ['white-on-transparent.png', 'light'],
    ['red-on-transparent.png', 'dark'],
  ])('%s', (name, tone) => {
    expect(prepare(name).ink).toBe(tone);
    expect(difference(name)).toBeLessThan(0.004);
  });

  // Fewer levels and JPEG change the edges, and what the centre of mass is rounded to.
  test.each([
    ...['one-bit.png', 'palette.png', 'palette-transparent.png', 'grey-key.png', 'interlaced-two-bits.png'],
    ...['grey.jpg', 'colour.jpg', 'progressive.jpg', 'subsampled.jpg'],
    ...Array.from({ length: 8 }, (_, i) => `orientation-${i + 1}.jpg`),
  ])('%s', (name) => {
    expect(difference(name, 1)).toBeLessThan(0.02);
  });

  test('a photo with a shadow, noise and a speck', () => {
    expect(prepare('photo.jpg').ink).toBe('dark');
    expect(difference('photo.jpg', 1)).toBeLessThan(0.03);
  });
});

describe('refused, with what would be right', () => {
  test.each([
    ['blank.png', 'shows nothing: it is blank'],
    ['one-pixel.png', 'shows nothing'],
    ['transparent.png', 'all of it is transparent'],
    ['dot.png', 'what is drawn is 3 x 3 pixels'],
    ['framed.png', 'does not say which is the digit'],
    ['half.png', 'does not say which is the digit'],
    ['cmyk.jpg', 'is a CMYK JPEG, which is not read: save it as RGB or grey'],
    ['other.gif', 'must be a PNG or JPEG, and is a GIF'],
    ['other.bmp', 'and is a BMP'],
  ])('%s', (name, message) => {
    expect(() => prepare(name)).toThrow(DataError);
    expect(() => prepare(name)).toThrow(message);
  });

  test.each(['dark.png', 'colour.jpg', 'progressive.jpg', 'palette.png'])('every beginning of %s', (name) => {
    const whole = fixture(name);
    const step = Math.max(1, Math.floor(whole.length / 40));
    for (let length = 0; length < whole.length - 40; length += step)
      expect(() => decodePicture(whole.subarray(0, length), name)).toThrow(DataError);
  });

  test.each(['dark.png', 'colour.jpg'])('or read, where bytes of %s are changed', (name) => {
    const whole = fixture(name);
    for (let at = 2; at < whole.length; at += Math.ceil(whole.length / 60)) {
      const changed = Uint8Array.from(whole);
      changed[at] ^= 0xff;
      try {
        decodePicture(changed, name);
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
      }
    }
  });

  test('a picture that says that it has more pixels than memory', () => {
    const bytes = Uint8Array.from(fixture('dark.png'));
    new DataView(bytes.buffer).setUint32(16, 0x7fffffff);
    expect(() => decodePicture(bytes, 'huge.png')).toThrow('is too large');
  });

  test('options that there are not', () => {
    const picture = decodePicture(fixture('dark.png'), 'dark.png');
    const wrong = { ink: 'red' } as unknown as PredictOptions;
    expect(() => preparePicture(picture, 'dark.png', 28, wrong)).toThrow(InvalidArgumentError);
    expect(() => preparePicture(picture, 'dark.png', 28, { fit: 'none' })).toThrow('it must be 28 x 28');
  });
});

test('--ink decides where the picture does not say it', () => {
  expect(prepare('half.png', { ink: 'light' }).ink).toBe('light');
  expect(prepare('dark.png', { ink: 'dark' }).values).toEqual(prepare('dark.png').values);
});

test('two digits beside each other are said to be two', () => {
  expect(prepare('two-digits.png').notes.join()).toMatch(/2 digits/);
  expect(prepare('dark.png').notes).toEqual([]);
});

test("MNIST's own digits stay where and what they are, bigger and dark on light", async () => {
  const digits = await mnist({ split: 'test' });
  const differences: number[] = [];
  for (let i = 0; i < 200; i++) {
    const { image } = digits.get(i * 50);
    // Four times as large and dark on light.
    const side = 160;
    const data = new Uint8Array(side * side).fill(255);
    for (let y = 24; y < 136; y++)
      for (let x = 24; x < 136; x++) data[y * side + x] -= image[((y - 24) >> 2) * 28 + ((x - 24) >> 2)];
    const bytes = encode({ width: side, height: side, data, channels: 1, depth: 8 });
    const { values, ink, notes } = preparePicture(decodePicture(bytes, 'x.png'), 'x.png', 28);
    expect(ink).toBe('dark');
    expect(notes).toEqual([]);
    differences.push(values.reduce((sum, value, j) => sum + Math.abs(value - image[j] / 255), 0) / 784);
  }
  differences.sort((a, b) => a - b);
  expect(differences[100]).toBeLessThan(0.02);
  expect(differences[195]).toBeLessThan(0.08);
});
