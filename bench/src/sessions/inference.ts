import { Generator } from '@mnist-kit/core';
import type { Work } from '../works/work.js';
import { firstBatches } from './data.js';
import { makeExecutor, type OwnEngine } from './engine.js';
import { makeNet } from './nets.js';
import type { Session } from './session.js';

/** The model's outputs for batches that are ready. */
export async function inferenceSession(work: Work, engine: OwnEngine, root: string): Promise<Session> {
  const executor = await makeExecutor(makeNet(work.net, { generator: new Generator(1) }), engine, work.batch);
  const next = await firstBatches(root, work.batch);
  return {
    step: async () => {
      const { images, size } = next();
      await executor.predict(images, size);
    },
  };
}
