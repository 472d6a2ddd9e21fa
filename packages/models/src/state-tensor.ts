import type { NamedTensor } from '@mnist-kit/core';

/**
 * A tensor that may be stored as something else than float32.
 *
 * @example
 * ```ts
 * import type { StateTensor } from '@mnist-kit/models';
 *
 * const counter: StateTensor = {
 *   shape: [],
 *   data: Float32Array.of(391),
 *   dtype: 'I64',
 *   int64: BigInt64Array.of(391n),
 * };
 * ```
 */
export interface StateTensor extends NamedTensor {
  /** How the tensor is stored in a file: float32 (`F32`, default) or int64 (`I64`, PyTorch's counters). */
  readonly dtype?: 'F32' | 'I64';
  /** The exact values of an int64 tensor, present where float32 rounds them in `data`. A writer takes these. */
  readonly int64?: BigInt64Array;
}

/**
 * Tensors by PyTorch name, in the order of `torch.nn.Module.state_dict()`.
 *
 * @example
 * ```ts
 * import { optimizedNet, type StateDict, stateDict } from '@mnist-kit/models';
 *
 * const dict: StateDict = stateDict(optimizedNet());
 * console.log(dict['conv1.weight'].shape); // [8, 1, 3, 3]
 * ```
 */
export type StateDict = Record<string, StateTensor>;
