/**
 * A short training whose bits are the same everywhere, to try a machine or a browser with. Nothing here is Node's.
 *
 * @module @mnist-kit/cli/bits
 */
export {
  bitsOf,
  bitsTraining,
  GOLDEN_BITS,
  type TrainedBits,
  type TrainedBitsOptions,
  trainedBits,
} from './doctor/trained-bits.js';
