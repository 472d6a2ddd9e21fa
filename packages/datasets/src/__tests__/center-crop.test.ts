import { InvalidArgumentError } from '@mnist-kit/core';
import { arrayDataset, centerCrop, DataLoader } from '@mnist-kit/datasets';
import { expect, test } from 'vitest';
import torchvision from './fixtures/center-crop.json' with { type: 'json' };

/** Two images whose pixels are numbered. */
function numbered([height, width, channels]: readonly number[], kind: 'bytes' | 'floats') {
  const pixels = Array.from({ length: 2 * height * width * channels }, (_, i) => i);
  return arrayDataset({
    images: kind === 'bytes' ? Uint8Array.from(pixels) : Float32Array.from(pixels),
    labels: [1, 0],
    shape: [height, width, channels],
    classes: ['a', 'b'],
  });
}

const cases = torchvision.flatMap((one) => (['bytes', 'floats'] as const).map((kind) => ({ ...one, kind })));

test.each(cases)("$size of $shape, $kind, are torchvision's CenterCrop", ({ shape, size, first, kind }) => {
  const whole = numbered(shape, kind);
  const part = centerCrop(whole, size as [number, number]);
  expect(part.shape).toEqual([...size, shape[2]]);
  expect([...part.get(0).image]).toEqual(first);
  const next = shape[0] * shape[1] * shape[2];
  expect([...part.get(1).image]).toEqual(first.map((pixel) => pixel + next));
  expect([part.get(0).label, part.get(1).label, part.classes]).toEqual([1, 0, ['a', 'b']]);
  expect(whole.get(0).image).toHaveLength(next);
});

test('a loader takes the parts', async () => {
  const loader = new DataLoader(centerCrop(numbered([28, 28, 1], 'bytes'), 24), { batchSize: 2 });
  for await (const { shape } of loader) expect(shape).toEqual([24, 24, 1]);
});

test.each([0, 29, 2.5, Number.NaN, [24], [24, 29], [24, 24, 1], '24', undefined])(
  'a size of %j is refused',
  (size) => {
    expect(() => centerCrop(numbered([28, 28, 1], 'bytes'), size as number)).toThrow(InvalidArgumentError);
  },
);

test('what is no data set of arrays is refused', () => {
  expect(() => centerCrop({ length: 1 } as never, 24)).toThrow(InvalidArgumentError);
});
