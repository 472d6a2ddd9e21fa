import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { f32, f32x4, get, type Local, v128 } from '../../wasm/ops.js';

/**
 * Loads four weights that lie side by side; lanes past the last channel come out as zero, whatever lies there.
 *
 * @param valid Channels from the first lane on that exist.
 */
export function loadWeights(address: Code, offset: number, valid: number): Code {
  const loaded = v128.load(address, offset);
  if (valid >= 4) return loaded;
  const lanes = new Uint8Array(16).fill(0xff, 0, valid * 4);
  return v128.and(loaded, [0xfd, 12, ...lanes]);
}

/** Stores the first `valid` lanes of a vector. */
export function storeLanes(
  f: FunctionBuilder,
  address: Code,
  value: Code,
  offset: number,
  valid: number,
): void {
  if (valid >= 4) {
    f.emit(v128.store(address, value, offset));
    return;
  }
  for (let lane = 0; lane < valid; lane++)
    f.emit(f32.store(address, f32x4.extractLane(value, lane), offset + lane * 4));
}

/** Sums partial results `stride` bytes apart, one after the other in rising order, into `sum`. */
export function emitChunkSum(
  f: FunctionBuilder,
  locals: { sum: Local; at: Local; left: Local },
  start: Code,
  chunks: Code,
  stride: number,
): void {
  const { sum, at, left } = locals;
  f.set(at, start);
  f.set(left, chunks);
  f.set(sum, v128.zero());
  f.doWhile(() => {
    f.set(sum, f32x4.add(get(sum), v128.load(get(at))));
    f.advance(at, stride);
    f.advance(left, -1);
    return get(left);
  });
}
