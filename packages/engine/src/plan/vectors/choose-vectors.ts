import { InvalidArgumentError } from '@mnist-kit/core';
import { isSwitchedOn, obstacle, switchPass } from '#engine/vector-flag';
import type { VectorBits } from '../machine.js';
import { givesTheSameBits } from './trial.js';

/** What code is written for, and why it is narrower than might be expected. */
export interface ChosenVectors {
  readonly bits: VectorBits;
  readonly note?: string;
}

/** Runs once in a process: what was found holds for all that is compiled. */
let trial: Promise<boolean> | undefined;

/**
 * Decides how wide the vectors of a plan are.
 *
 * @param asked The option `vectors`.
 * @param sameBits Whether packed code gives the bits of unpacked code: for tests.
 * @throws InvalidArgumentError for 256 where that cannot be had.
 */
export async function chooseVectors(
  asked: 'auto' | VectorBits,
  sameBits: () => Promise<boolean> = () => (trial ??= givesTheSameBits()),
): Promise<ChosenVectors> {
  if (asked === 128) return { bits: 128 };
  const missing = obstacle();
  if (asked === 256) {
    if (missing) throw refused(missing);
    if (!isSwitchedOn()) switchPass(true);
  } else if (missing || !isSwitchedOn()) return { bits: 128 };
  if (await sameBits()) return { bits: 256 };
  // Nothing that is compiled under this flag can be trusted, whoever set it.
  switchPass(false);
  const note = 'this runtime packs vectors wrongly: its results differed in a trial';
  if (asked === 256) throw refused(note);
  return { bits: 128, note };
}

const refused = (reason: string) =>
  new InvalidArgumentError('vectors', `must be 'auto' or 128 here: ${reason}`, 256);

/**
 * Lets plans that this process makes from now on have 256-bit vectors where runtime and processor have them: Node 22
 * and newer on x64 with AVX2. It sets V8's flag `--experimental-wasm-revectorize`, which is the whole process's: all
 * WebAssembly that is compiled afterwards goes through that pass. For programs; a library should leave it to them.
 * The numbers do not change.
 *
 * @returns Whether vectors are wide from now on.
 * @example
 * ```ts
 * import { createExecutor, enableWideVectors } from '@mnist-kit/engine';
 * import { optimizedNet } from '@mnist-kit/models';
 *
 * enableWideVectors();
 * const executor = await createExecutor(optimizedNet());
 * console.log(executor.description); // plan, WebAssembly SIMD of 256 bits, 8 threads
 * await executor.dispose();
 * ```
 */
export function enableWideVectors(): boolean {
  if (obstacle() !== undefined) return false;
  if (!isSwitchedOn()) switchPass(true);
  return true;
}
