import { UnsupportedLayerError } from './plan/graph/unsupported-layer-error.js';
import { isMissing } from './wasm/compile.js';

/** The plan, or eager with the reason why not, where the plan may be missing. */
export async function orElse<T>(
  engine: 'auto' | 'plan',
  plan: () => Promise<T>,
  eager: (reason: string) => Promise<T>,
): Promise<T> {
  try {
    return await plan();
  } catch (error) {
    if (engine === 'plan' || !(error instanceof UnsupportedLayerError || isMissing(error))) throw error;
    return eager((error as Error).message);
  }
}
