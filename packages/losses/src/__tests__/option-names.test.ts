import { InvalidArgumentError } from '@mnist-kit/core';
import { crossEntropyLoss, labelSmoothingCrossEntropy, mixup, mixupLoss, nllLoss } from '@mnist-kit/losses';
import { expect, test } from 'vitest';

type Options = Record<string, unknown>;

test.each<[string, Options, string, (options: Options) => unknown]>([
  ['nllLoss', { reductoin: 'sum' }, 'reduction', nllLoss],
  ['crossEntropyLoss', { label_smoothing: 0.1 }, 'labelSmoothing', crossEntropyLoss],
  ['crossEntropyLoss', { smoothing: 0.1 }, 'labelSmoothing', crossEntropyLoss],
  ['labelSmoothingCrossEntropy', { labelSmoothing: 0.1 }, 'smoothing', labelSmoothingCrossEntropy],
  ['mixup', { propability: 0.5 }, 'probability', mixup],
])('%s refuses %o and names %s', (owner, options, meant, call) => {
  expect(() => call(options)).toThrow(InvalidArgumentError);
  expect(() => call(options)).toThrow(`is not an option of ${owner} (did you mean \`${meant}\`?)`);
});

test("options of PyTorch's that do not exist here are refused with those that do", () => {
  expect(() => crossEntropyLoss({ ignore_index: -100 } as never)).toThrow(
    '`ignore_index` is not an option of crossEntropyLoss, which has reduction, labelSmoothing. Received: ignore_index=-100',
  );
});

const partners = Int32Array.of(1, 0);
test.each<[string, () => unknown]>([
  ['lambda', () => mixupLoss(nllLoss(), { lam: 0.3, partners } as never)],
  ['lambda', () => mixupLoss(nllLoss(), { lambda: 1.5, partners })],
  ['partners', () => mixupLoss(nllLoss(), { lambda: 0.5 } as never)],
  ['partners', () => mixupLoss(nllLoss(), { lambda: 0.5, partners: [1, 2] })],
  ['loss', () => mixupLoss('nll' as never, { lambda: 0.5, partners })],
  ['seed', () => mixup({ seed: 1, random: { random: () => 0, beta: () => 0.5 } })],
  ['random', () => mixup({ random: { random: () => 0 } as never })],
  ['permutation', () => mixup({ permutation: [1, 0] as never })],
])('a %s that cannot work is refused', (argument, call) => {
  expect(call).toThrow(InvalidArgumentError);
  expect(call).toThrow(expect.objectContaining({ argument }));
});
