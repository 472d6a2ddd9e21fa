import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { mnist, type Picture, preparePicture } from '@mnist-kit/datasets';
import { expect, test } from 'vitest';

/** A digit of MNIST four times as large, somewhere in a light-on-dark picture, as on a canvas. */
async function drawing(position: number, left: number, top: number): Promise<[Picture, Uint8Array]> {
  const { image } = (await mnist({ split: 'test' })).get(position);
  const side = 200;
  const luminance = new Float32Array(side * side);
  for (let y = 0; y < 112; y++)
    for (let x = 0; x < 112; x++)
      luminance[(top + y) * side + left + x] = image[(y >> 2) * 28 + (x >> 2)] / 255;
  return [{ width: side, height: side, luminance }, image as Uint8Array];
}

test.each([0, 1, 2, 3, 4, 61])(
  'digit %i of MNIST comes back from anywhere on a canvas as MNIST has it',
  async (position) => {
    for (const [left, top] of [
      [0, 0],
      [44, 44],
      [88, 20],
    ]) {
      const [picture, image] = await drawing(position, left, top);
      const { values, ink, notes } = preparePicture(picture, 'a canvas', 28, { ink: 'light' });
      expect(ink).toBe('light');
      expect(notes).toEqual([]);
      const difference = values.reduce((sum, value, i) => sum + Math.abs(value - image[i] / 255), 0) / 784;
      expect(difference).toBeLessThan(0.035);
    }
  },
);

test('an empty picture, and options that there are not, are refused by name', () => {
  const blank = { width: 40, height: 40, luminance: new Float32Array(1600) };
  expect(() => preparePicture(blank, 'the canvas', 28, { ink: 'light' })).toThrow(DataError);
  expect(() => preparePicture(blank, 'the canvas', 28, { ink: 'light' })).toThrow('the canvas shows nothing');
  const misspelt = { inc: 'light' } as object;
  expect(() => preparePicture(blank, 'the canvas', 28, misspelt)).toThrow(InvalidArgumentError);
  expect(() => preparePicture(blank, 'the canvas', 28, misspelt)).toThrow('ink');
});
