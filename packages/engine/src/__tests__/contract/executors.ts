import { Generator } from '@mnist-kit/core';
import { createEagerExecutor, createPlanExecutor, type Executor, useBackend } from '@mnist-kit/engine';
import { type ConvNetOptions, convNet } from '@mnist-kit/models';
import type * as tfl from '@tensorflow/tfjs-layers';
import { afterEach, describe } from 'vitest';

/** Makes an executor of one kind; it is disposed of when the test ends. */
export type Make = (model: tfl.LayersModel, options?: { batchSize?: number }) => Promise<Executor>;

const kinds: Readonly<Record<string, Make>> = {
  'plan, 1 thread': (model, options) => createPlanExecutor(model, { threads: 1, ...options }),
  'plan, 2 threads': (model, options) => createPlanExecutor(model, { threads: 2, ...options }),
  'eager, cpu': (model, options) => createEagerExecutor(model, { backend: 'cpu', ...options }),
  'eager, wasm': (model, options) => createEagerExecutor(model, { backend: 'wasm', ...options }),
};

/** Runs the tests that `body` declares once for every kind of executor, of which it also gets the name. */
export function describeEveryExecutor(what: string, body: (make: Make, name: string) => void): void {
  describe.each(Object.entries(kinds))(`${what}: %s`, (name, make) => {
    const made: Executor[] = [];
    afterEach(async () => {
      for (const executor of made.splice(0)) await executor.dispose();
    });
    body(async (model, options) => {
      const executor = await make(model, options);
      made.push(executor);
      // The backend is the whole program's, so another test may have changed it.
      if (name.startsWith('eager')) await useBackend(name.split(', ')[1]);
      return executor;
    }, name);
  });
}

/** Images of the models here: 6 x 6 x 1. */
export const PIXELS = 36;

/** A small net of three classes with batch norms and dropout, or what `options` make of it. */
export function smallNet(options: Partial<ConvNetOptions> = {}): tfl.LayersModel {
  return convNet({
    channels: [3, 4],
    poolAfter: [1],
    inputShape: [6, 6, 1],
    classes: 3,
    generator: new Generator(2),
    ...options,
  });
}

/** The same without dropout, which needs no masks. */
export const plainNet = (): tfl.LayersModel => smallNet({ dropout: 0, fcDropout: 0 });

/** What `work` throws or rejects with. */
export async function errorOf(work: () => unknown): Promise<Error> {
  try {
    await work();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown.');
}
