import { InvalidArgumentError } from '@mnist-kit/core';
import {
  compactNet,
  conservativeImprovedNet,
  convNet,
  improvedNet,
  loadStateDict,
  optimizedNet,
  readTorchFile,
  stateDict,
  summary,
  writeTorchFile,
} from '@mnist-kit/models';
import { expect, test } from 'vitest';
import '@tensorflow/tfjs-backend-cpu';

type Options = Record<string, unknown>;

test.each<[string, Options, string, (options: Options) => unknown]>([
  ['convNet', { channels: [2], pool_after: [1] }, 'poolAfter', (o) => convNet(o as never)],
  ['convNet', { chanels: [2] }, 'channels', (o) => convNet(o as never)],
  ['compactNet', { block: ['maxPool'] }, 'blocks', (o) => compactNet(o as never)],
  ['optimizedNet', { fc_dropout: 0.5 }, 'fcDropout', optimizedNet],
  ['improvedNet', { drop_out: 0.5 }, 'dropout', improvedNet],
  ['conservativeImprovedNet', { inputshape: [8, 8, 1] }, 'inputShape', conservativeImprovedNet],
  ['summary', { layouts: 'NHWC' }, 'layout', (o) => summary(optimizedNet(), o)],
  [
    'loadStateDict',
    { stricts: false },
    'strict',
    (o) => loadStateDict(optimizedNet(), stateDict(optimizedNet()), o),
  ],
  [
    'readTorchFile',
    { keys: 'model' },
    'key',
    (o) => readTorchFile(writeTorchFile(stateDict(optimizedNet())), o),
  ],
])('%s refuses %o and names %s', (owner, options, meant, call) => {
  expect(() => call(options)).toThrow(InvalidArgumentError);
  expect(() => call(options)).toThrow(`is not an option of ${owner} (did you mean \`${meant}\`?)`);
});

test('a net whose blocks are fixed takes no others', () => {
  expect(() => optimizedNet({ channels: [4, 4] } as never)).toThrow(
    '`channels` is not an option of optimizedNet',
  );
  expect(() => improvedNet({ poolAfter: [1] } as never)).toThrow(
    '`poolAfter` is not an option of improvedNet',
  );
});

test.each<[string, () => unknown]>([
  ['`channels` must be a non-empty array', () => convNet(undefined as never)],
  ['`options` of convNet must be an object', () => convNet([8, 16] as never)],
  ['`options` of loadStateDict must be an object', () => loadStateDict(optimizedNet(), {}, false as never)],
])('%s: said where there is none', (message, call) => {
  expect(call).toThrow(InvalidArgumentError);
  expect(call).toThrow(message);
});
