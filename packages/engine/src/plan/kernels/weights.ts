import type { Code } from '../../wasm/encode.js';
import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { f32, f32x4, get, i32, type Local, v128 } from '../../wasm/ops.js';
import { control } from '../context.js';
import { LANES, VECTOR_BYTES } from '../machine.js';
import { WideSum } from './wide-sums.js';

/**
 * Loads four weights that lie side by side; lanes past the last channel come out as zero, whatever lies there.
 *
 * @param valid Channels from the first lane on that exist.
 */
export function loadWeights(address: Code, offset: number, valid: number): Code {
  const loaded = v128.load(address, offset);
  if (valid >= LANES) return loaded;
  const lanes = new Uint8Array(VECTOR_BYTES).fill(0xff, 0, valid * 4);
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
  if (valid >= LANES) {
    f.emit(v128.store(address, value, offset));
    return;
  }
  for (let lane = 0; lane < valid; lane++)
    f.emit(f32.store(address, f32x4.extractLane(value, lane), offset + lane * 4));
}

/**
 * Sums the chunks' partial results of `channels` weights that lie side by side, one chunk after the other in
 * float64, and stores them without padding.
 *
 * @param row `from` points to the first chunk's partial results, `to` to the gradient; both are left as they
 * were. `wide` when the partial results are float64.
 */
export function emitReduceRow(
  f: FunctionBuilder,
  row: { from: Local; to: Local; channels: number; slabBytes: number; wide?: boolean },
): void {
  const { from, to, channels, slabBytes, wide = false } = row;
  const [at, left] = f.locals('i32', 2);
  const value = f.local('v128');
  const total = new WideSum(f);
  for (let channel = 0; channel < channels; channel += LANES) {
    f.set(at, i32.add(get(from), i32.const(channel * (wide ? 8 : 4))));
    f.set(left, i32.load(i32.const(0), control.chunks));
    total.clear();
    f.doWhile(() => {
      if (wide) total.addWide(v128.load(get(at)), v128.load(get(at), VECTOR_BYTES));
      else {
        f.set(value, v128.load(get(at)));
        total.add(value);
      }
      f.advance(at, slabBytes);
      f.advance(left, -1);
      return get(left);
    });
    f.set(value, total.rounded());
    storeLanes(f, get(to), get(value), channel * 4, channels - channel);
  }
}
