import { InvalidArgumentError } from '@mnist-kit/core';
import { createEagerExecutor, createExecutor, createPlanExecutor } from '@mnist-kit/engine';
import { describe, expect, test } from 'vitest';
import { errorOf, plainNet } from './executors.js';

describe.each<[string, (model: ReturnType<typeof plainNet>, options: object) => Promise<unknown>]>([
  ['createExecutor', createExecutor],
  ['createPlanExecutor', createPlanExecutor],
  ['createEagerExecutor', createEagerExecutor],
])('options of %s', (owner, create) => {
  test.each<[object, string]>([
    [
      { thread: 2 },
      `\`thread\` is not an option of ${owner} (did you mean \`threads\`?). Received: thread=2`,
    ],
    [
      { batch_size: 8 },
      `\`batch_size\` is not an option of ${owner} (did you mean \`batchSize\`?). Received: batch_size=8`,
    ],
    [{ threads: 0 }, '`threads` must be an integer from 1 to 256. Received: threads=0'],
    [{ threads: '2' }, '`threads` must be an integer from 1 to 256. Received: threads="2"'],
    [{ batchSize: 1.5 }, '`batchSize` must be a positive integer. Received: batchSize=1.5'],
    [
      { batchSize: Number.POSITIVE_INFINITY },
      '`batchSize` must be a positive integer. Received: batchSize=Infinity',
    ],
    [{ vectors: 512 }, "`vectors` must be 'auto', 128 or 256. Received: vectors=512"],
    [{ vectors: '256' }, '`vectors` must be \'auto\', 128 or 256. Received: vectors="256"'],
    [{ reproducible: 1 }, '`reproducible` must be true or false. Received: reproducible=1'],
  ])('%o is refused', async (options, message) => {
    const error = await errorOf(() => create(plainNet(), options));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toBe(message);
  });

  test('another engine than it makes is refused', async () => {
    const other =
      owner === 'createPlanExecutor' ? 'eager' : owner === 'createEagerExecutor' ? 'plan' : 'fast';
    const error = await errorOf(() => create(plainNet(), { engine: other }));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect(error.message).toMatch(new RegExp(`^\`engine\` must be .*Received: engine="${other}"`));
  });

  test('something that is no options object is refused', async () => {
    expect(await errorOf(() => create(plainNet(), 'plan' as never))).toBeInstanceOf(InvalidArgumentError);
  });
});

test.each([createExecutor, createEagerExecutor])(
  'a backend must be a name, and a reason a text',
  async (create) => {
    expect(
      (await errorOf(() => create(plainNet(), { engine: 'eager', backend: 3 as never }))).message,
    ).toMatch(/^`backend` must be/);
    expect(
      (await errorOf(() => create(plainNet(), { engine: 'eager', reason: 3 as never }))).message,
    ).toMatch(/^`reason` must be/);
  },
);
