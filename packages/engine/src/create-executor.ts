import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkEagerOptions } from './check-options.js';
import { createEagerExecutor } from './eager/index.js';
import type { DisposableExecutor, EagerExecutorOptions } from './executor.js';
import { orElse } from './or-else.js';
import { createPlanExecutor } from './plan/plan-executor.js';

/**
 * Makes the fastest executor that can run a model.
 *
 * @param model A layers model from images `[null, height, width, channels]` to one vector per image.
 * @param options Which engine, how many threads, the largest batch.
 * @returns An executor; free it with `dispose()`, or hold it by `await using`.
 * @throws InvalidArgumentError for options that do not exist or cannot work.
 * @throws ModelError when `engine: 'plan'` was asked for and the plan does not know a layer; it is named.
 *
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { createExecutor } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * const model = optimizedNet({ generator: new Generator(1) });
 * const executor = await createExecutor(model, { threads: 2 });
 * console.log(executor.description); // plan, WebAssembly SIMD, 2 threads
 * await executor.dispose();
 * ```
 */
export async function createExecutor(
  model: LayersModel,
  options: EagerExecutorOptions = {},
): Promise<DisposableExecutor> {
  checkEagerOptions('createExecutor', options, ['auto', 'plan', 'eager']);
  const { backend = 'auto', reason, ...shared } = options;
  const { engine = 'auto' } = shared;
  if (engine === 'eager') return createEagerExecutor(model, { ...shared, backend, reason });
  return orElse(
    engine,
    () => createPlanExecutor(model, shared),
    (reason) => createEagerExecutor(model, { ...shared, backend, reason }),
  );
}
