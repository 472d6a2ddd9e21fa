import { expect, test } from 'vitest';
import { fromAddress, toAddress } from '../settings/address.js';
import { PRESETS } from '../settings/presets.js';
import { DEFAULTS, type Settings } from '../settings/settings.js';

test('an address without anything is the default, and the default is an empty address', () => {
  expect(fromAddress(new URLSearchParams())).toEqual({ settings: DEFAULTS, problems: [] });
  expect(String(toAddress(DEFAULTS))).toBe('');
});

test('every preset comes back from its address as it was', () => {
  for (const { name, settings } of PRESETS) {
    const text = String(toAddress(settings));
    expect({ name, ...fromAddress(new URLSearchParams(text)) }).toEqual({ name, settings, problems: [] });
  }
});

test('settings that are all otherwise come back, also under the prefix of a second run', () => {
  const settings: Settings = {
    data: 'fashionMnist',
    dataUrl: 'https://example.org/fashion mnist/?a=1&b=2#c',
    samples: 1234,
    net: {
      kind: 'compactNet',
      blocks: [
        { conv: 12, kernelSize: 5, padding: 'valid' },
        'averagePool',
        { separable: 16, residual: true },
      ],
      scale: false,
    },
    optimizer: 'sgd',
    lr: 0.0123,
    weightDecay: 0,
    schedule: { kind: 'oneCycle', pctStart: 0.15, divFactor: 25 },
    augmentation: { rotate: 7, shift: 0.06, zoom: 0.1, shear: 4 },
    labelSmoothing: 0.1,
    mixup: 0.4,
    averageFrom: 0.75,
    epochs: 3,
    batchSize: 64,
    seed: 4_294_967_295,
    validations: 4,
    threads: 2,
  };
  for (const prefix of ['', 'b.']) {
    const text = String(toAddress(settings, prefix));
    expect(fromAddress(new URLSearchParams(text), prefix)).toEqual({ settings, problems: [] });
  }
});

test.each([
  ['lr=abc', 'lr=abc'],
  ['lr=', 'lr='],
  ['lr=7', 'from 0.00001 to 1'],
  ['epochs=1.5', 'whole number'],
  ['epochs=1000', 'epochs=1000'],
  ['optimizer=adagrad', 'is none of adam, adamW, sgd, muon'],
  ['net=convNet&blocks=8-x-3', 'blocks=8-x-3'],
  ['net=compactNet&blocks=c999', 'blocks=c999'],
  ['net=compactNet&blocks=m&scale=perhaps', 'scale=perhaps'],
  ['learningRate=0.1', 'learningRate in the address is no setting'],
  ['rotate=NaN', 'rotate=NaN'],
  ['seed=-1', 'seed=-1'],
])('%s is not taken silently', (address, said) => {
  const { settings, problems } = fromAddress(new URLSearchParams(address));
  expect(problems).toHaveLength(1);
  expect(problems[0]).toContain(said);
  const { net, ...rest } = settings;
  const { net: _, ...usual } = DEFAULTS;
  expect(rest).toEqual(usual);
  expect(net.kind).toBe(new URLSearchParams(address).get('net') ?? DEFAULTS.net.kind);
});
