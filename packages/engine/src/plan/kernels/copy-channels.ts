import type { FunctionBuilder } from '../../wasm/function-builder.js';
import { f32, get, i32, type Local, v128 } from '../../wasm/ops.js';
import { LANES, VECTOR_BYTES } from '../machine.js';

/**
 * Copies `channels` floats from one pixel to another, in vectors where both sides are aligned to whole ones.
 *
 * @param options.pad Whether the target's lanes up to its next whole vector are written as zero.
 */
export function emitCopyChannels(
  f: FunctionBuilder,
  from: Local,
  to: Local,
  channels: number,
  options: { fromOffset?: number; toOffset?: number; pad?: boolean; counter: Local },
): void {
  const { fromOffset = 0, toOffset = 0, pad = false, counter } = options;
  const whole = channels - (channels % LANES);
  if (whole > 0) {
    f.set(counter, i32.const(0));
    f.doWhile(() => {
      const source = i32.add(get(from), get(counter));
      f.emit(v128.store(i32.add(get(to), get(counter)), v128.load(source, fromOffset), toOffset));
      f.advance(counter, VECTOR_BYTES);
      return i32.ltU(get(counter), i32.const(whole * 4));
    });
  }
  for (let c = whole; c < channels; c++)
    f.emit(f32.store(get(to), f32.load(get(from), fromOffset + c * 4), toOffset + c * 4));
  if (pad)
    for (let c = channels; (toOffset / 4 + c) % LANES !== 0; c++)
      f.emit(f32.store(get(to), f32.const(0), toOffset + c * 4));
}
