import { Generator, InvalidArgumentError } from '@mnist-kit/core';
import { affine, mnist, rotate, transforms } from '@mnist-kit/datasets';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { bytes, golden, sha256 } from './golden.js';

interface Geometry {
  images: { width: number; height: number; channels: number; data: string }[];
  rotations: { image: number; angle: number; sha256: string }[];
  affines: {
    image: number;
    angle: number;
    translate: [number, number];
    scale: number;
    shear: [number, number];
    sha256: string;
  }[];
}
interface Augment {
  seed: number;
  first_draws: { rotation: number; affine: [number, [number, number], number, [number, number]] }[];
  cases: {
    image: number;
    angle: number;
    translate: [number, number];
    rotated: number[];
    translated: number[];
  }[];
}
interface RandomAffine {
  draws: {
    seed: number;
    options: Parameters<typeof transforms.randomAffine>[0];
    image: number;
    parameters: [number, [number, number], number, [number, number]][];
    sha256: string[];
  }[];
}

const geometry = golden<Geometry>('geometry.json');
const images = geometry.images.map((image) => ({ ...image, data: bytes(image.data) }));

test('rotate gives the pixels of torchvision on PIL images, for any angle, shape and number of channels', () => {
  const wrong = geometry.rotations.filter(
    ({ image, angle, sha256: expected }) => sha256(rotate(images[image], angle).data) !== expected,
  );
  expect(geometry.rotations.length).toBe(150);
  expect(wrong).toEqual([]);
});

test('affine gives the pixels of torchvision on PIL images, beyond the range of fixed point too', () => {
  const wrong = geometry.affines.filter(
    ({ image, sha256: expected, ...parameters }) =>
      sha256(affine(images[image], parameters).data) !== expected,
  );
  expect(geometry.affines.length).toBe(240);
  expect(wrong).toEqual([]);
});

test('rotate and affine turn real digits as the oracle does', async () => {
  const digits = await mnist({ split: 'train' });
  for (const { image, angle, translate, rotated, translated } of golden<Augment>('augment.json').cases) {
    const data = digits.get(image).image as Uint8Array;
    const picture = { data, width: 28, height: 28 };
    expect(Array.from(rotate(picture, angle).data)).toEqual(rotated);
    expect(Array.from(affine(picture, { angle: 0, translate, scale: 1, shear: [0, 0] }).data)).toEqual(
      translated,
    );
  }
});

test("the notebook's transforms draw one after the other what torchvision draws", () => {
  const { seed, first_draws } = golden<Augment>('augment.json');
  const size = { width: 28, height: 28, channels: 1 };
  const generator = new Generator(seed);
  const rotation = transforms.randomRotation(10);
  const shift = transforms.randomAffine({ degrees: 0, translate: [0.1, 0.1] });
  expect(first_draws).toHaveLength(8);
  for (const { rotation: angle, affine: drawn } of first_draws) {
    // A range of one angle rotates by that angle, whatever is drawn.
    const expected = transforms.randomRotation([angle, angle]).draw(size, new Generator(0));
    expect(rotation.draw(size, generator)).toEqual(expected);
    const [shiftAngle, translate, scale, shear] = drawn;
    const parameters = { angle: shiftAngle, translate, scale, shear };
    expect(shift.drawParameters(size, generator)).toEqual(parameters);
  }
});

test('randomAffine draws what torchvision draws, in its order', () => {
  for (const { seed, options, image, parameters } of golden<RandomAffine>('random-affine.json').draws) {
    const generator = new Generator(seed);
    const transform = transforms.randomAffine(options);
    const drawn = parameters.map(() => transform.drawParameters(images[image], generator));
    expect(drawn).toEqual(
      parameters.map(([angle, translate, scale, shear]) => ({ angle, translate, scale, shear })),
    );
  }
});

test('rotating by a full turn changes nothing, and does not change the image given', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: -3, max: 3 }),
      fc.integer({ min: 1, max: 9 }),
      fc.integer({ min: 1, max: 9 }),
      (turns, width, height) => {
        const data = Uint8Array.from({ length: width * height }, (_, i) => i + 1);
        const before = data.slice();
        const out = rotate({ data, width, height }, turns * 360);
        expect(out.data).toEqual(before);
        expect(out.data).not.toBe(data);
        expect(data).toEqual(before);
      },
    ),
  );
});

test('moving there and back leaves what never left the image', () => {
  fc.assert(
    fc.property(fc.integer({ min: -4, max: 4 }), fc.integer({ min: -4, max: 4 }), (x, y) => {
      const size = 9;
      const data = Uint8Array.from({ length: size * size }, (_, i) => i + 1);
      const moved = affine({ data, width: size, height: size }, { translate: [x, y] });
      const back = affine(moved, { translate: [-x, -y] }).data;
      for (let row = 0; row < size; row++)
        for (let column = 0; column < size; column++) {
          const stayed = column + x >= 0 && column + x < size && row + y >= 0 && row + y < size;
          expect(back[row * size + column]).toBe(stayed ? data[row * size + column] : 0);
        }
    }),
  );
});

test("a Buffer of Node's is an image too, and is not shared with the result", () => {
  const data = Buffer.from([1, 2, 3, 4]);
  const same = rotate({ data, width: 2, height: 2 }, 0);
  same.data[0] = 9;
  expect(data[0]).toBe(1);
  expect(Array.from(rotate({ data, width: 2, height: 2 }, 180).data)).toEqual([4, 3, 2, 1]);
});

test('float32 images move as bytes do', () => {
  const data = Uint8Array.from({ length: 35 }, (_, i) => i + 1);
  const turned = rotate({ data, width: 5, height: 7 }, 33);
  const floats = rotate({ data: Float32Array.from(data), width: 5, height: 7 }, 33);
  expect(Array.from(floats.data)).toEqual(Array.from(turned.data));
});

test.each([
  ['angle', () => rotate(images[0], Number.NaN)],
  ['scale', () => affine(images[0], { scale: 0 })],
  ['translate', () => affine(images[0], { translate: [1] as never })],
  ['image.width', () => rotate({ data: new Uint8Array(0), width: 0, height: 1 }, 1)],
  ['degrees', () => transforms.randomRotation(-1)],
  ['degrees', () => transforms.randomRotation([2, 1])],
  ['translate', () => transforms.randomAffine({ degrees: 0, translate: [0.1, 1.5] })],
  ['scale', () => transforms.randomAffine({ degrees: 0, scale: [0, 1] })],
  ['shear', () => transforms.randomAffine({ degrees: 0, shear: [1, 2, 3] as never })],
  ['std', () => transforms.normalize({ mean: 0, std: 0 })],
  ['std', () => transforms.normalize({ mean: [0, 0], std: [1, 1, 1] })],
  ['list[0]', () => transforms.compose([{} as never])],
])('a wrong %s is an InvalidArgumentError', (argument, run) => {
  expect(run).toThrow(InvalidArgumentError);
  expect(run).toThrow(`\`${argument}\``);
});

test('an image whose data do not fill it is refused', () => {
  expect(() => rotate({ data: new Uint8Array(3), width: 2, height: 2 }, 1)).toThrow(
    'needs 4 values, received 3',
  );
});
