import type { LayersModel } from '@tensorflow/tfjs-layers';
import { checkPredictorOptions } from './check-options.js';
import { createEagerExecutor } from './eager/index.js';
import type { DisposablePredictor, PredictorOptions } from './executor.js';
import { orElse } from './or-else.js';
import { createPlanPredictor } from './plan/plan-predictor.js';

/**
 * Makes what runs a model for its outputs alone, as fast as it goes: without room for gradients, some megabytes
 * instead of the tens that training takes. The outputs are those of `predict` of an executor, to the bit.
 *
 * The plan takes a copy of the weights: what is done to the model afterwards reaches it by `writeWeights`.
 *
 * @param model A layers model from images `[null, height, width, channels]` to one vector per image.
 * @param options Which engine, how many threads, how many images at once.
 * @returns A predictor; free it with `dispose()`, or hold it by `await using`.
 * @throws InvalidArgumentError for options that do not exist or cannot work.
 * @throws ModelError when `engine: 'plan'` was asked for and the plan does not know a layer; it is named.
 *
 * @example
 * ```ts
 * import { createPredictor } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * const predictor = await createPredictor(optimizedNet());
 * const logProbabilities = await predictor.predict(new Float32Array(784), 1);
 * console.log(logProbabilities.length); // 10
 * await predictor.dispose();
 * ```
 */
export async function createPredictor(
  model: LayersModel,
  options: PredictorOptions = {},
): Promise<DisposablePredictor> {
  checkPredictorOptions(options);
  const { backend = 'auto', ...shared } = options;
  const { engine = 'auto' } = shared;
  const eager = (reason?: string) =>
    createEagerExecutor(model, { ...shared, engine: 'eager', backend, reason });
  if (engine === 'eager') return eager();
  return orElse<DisposablePredictor>(engine, () => createPlanPredictor(model, shared), eager);
}
