import * as engine from '@mnist-kit/engine';
import type { ExecutorFactory } from './options.js';

/** What a Trainer runs on when it is not told otherwise. */
export const createExecutor: ExecutorFactory = (model, options) =>
  (engine as unknown as { createExecutor: ExecutorFactory }).createExecutor(model, options);
