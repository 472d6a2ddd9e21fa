import type { Code } from '../../wasm/encode.js';
import { get, i32, type Local } from '../../wasm/ops.js';
import type { Arena } from '../arena.js';
import type { PlanContext } from '../context.js';
import type { PaddedPlane } from './window.js';

/** A plane in a thread's scratch memory. */
export interface ScratchPlane extends PaddedPlane {
  readonly offset: number;
  /** Offset of the first pixel inside of its border. */
  readonly first: number;
}

/** A place for a plane. A border is zero and stays so in memory that is the stage's own. */
export function inScratch(context: PlanContext, shared: Arena, plane: PaddedPlane): ScratchPlane {
  const offset = (plane.bordered ? context.scratch : shared).alloc(plane.bytes);
  return { ...plane, offset, first: offset + plane.inside };
}

/** Start of a plane's border, from the address of its first pixel. */
export const borderOf = ({ inside }: PaddedPlane, address: Code): Code =>
  inside > 0 ? i32.sub(address, i32.const(inside)) : address;

/** Address of a place in a thread's scratch memory. */
export const scratchAt = (base: Local, offset: number): Code => i32.add(get(base), i32.const(offset));
