import type { FunctionBuilder, FunctionRef } from '../../../wasm/function-builder.js';
import { get, type Local, v128 } from '../../../wasm/ops.js';
import type { PlanContext } from '../../context.js';
import type { Stage } from '../../graph/stage.js';
import { emitAddBlock } from '../../kernels/block-sums.js';
import { forEachBlock } from '../../kernels/planes.js';
import { WIDE_BYTES } from '../../kernels/wide-sums.js';
import { registerBlocks, VECTOR_BYTES, vectorsOf } from '../../machine.js';
import { windowSteps } from './forward.js';
import type { DirectLayout } from './layout.js';

/** Values of a window that are summed at once with 1, 2 or 3 registers of outputs. */
const BLOCK_VALUES = [10, 5, 3];

/** Where a block reads and writes, as locals. */
interface Pointers {
  /** The first window's value that the block begins with. */
  readonly source: Local;
  readonly gradient: Local;
  /** The sums of that value. */
  readonly slab: Local;
  readonly spare: Local;
}

/** `(padded input, gradient, slab, spare)`: adds an image's filter gradient. */
export function emitFilterGradient(context: PlanContext, stage: Stage, layout: DirectLayout): FunctionRef {
  const { module, machine } = context;
  const parameters = ['i32', 'i32', 'i32', 'i32'] as const;
  const name = `filter gradient ${stage.name}`;
  return module.function(name, parameters, [], (f, [padded, gradient, slab, spare]) => {
    const pointers = { source: f.local('i32'), gradient, slab: f.local('i32'), spare };
    let first = 0;
    for (const { columns } of registerBlocks(machine, vectorsOf(layout.output.channels))) {
      const most = BLOCK_VALUES[Math.ceil(columns / machine.atOnce) - 1];
      const emitBlock = blockEmitter(f, layout, pointers, { first, count: columns, most });
      f.set(pointers.source, get(padded));
      f.set(pointers.slab, get(slab));
      forEachGroup(f, layout, pointers, most, emitBlock);
      first += columns;
    }
  });
}

/**
 * Walks over the values of a window, some at once: whole rows where those are short.
 *
 * @param emit Sees the values' places from the pointer to the source.
 */
function forEachGroup(
  f: FunctionBuilder,
  { window, input, padded, outChannels }: DirectLayout,
  { source, slab }: Pointers,
  most: number,
  emit: (offsets: readonly number[]) => void,
): void {
  const [rows, columns] = window.size;
  const { pixelBytes, rowBytes } = padded.layout;
  const counter = f.locals('i32', 3);
  const rowValues = columns * input.channels;
  /** `times` groups of `values` sums each. */
  const groups = (times: number, offsets: readonly number[], step: number) =>
    f.repeat(counter[0], times, () => {
      emit(offsets);
      f.advance(source, step);
      f.advance(slab, offsets.length * outChannels * 8);
    });
  if (rowValues <= most) {
    const row = Array.from(
      { length: rowValues },
      (_, i) => Math.floor(i / input.channels) * pixelBytes + (i % input.channels) * 4,
    );
    const atOnce = Math.min(rows, Math.floor(most / rowValues));
    const several = (count: number) =>
      Array.from({ length: count }, (_, i) => row.map((offset) => offset + i * rowBytes)).flat();
    groups(Math.floor(rows / atOnce), several(atOnce), atOnce * rowBytes);
    if (rows % atOnce) groups(1, several(rows % atOnce), 0);
    return;
  }
  /** Neighbouring floats: a row's, or where channels are padded a pixel's. */
  const joined = pixelBytes === input.channels * 4;
  const run = joined ? rowValues : input.channels;
  const runs = joined ? 1 : columns;
  const runBytes = joined ? columns * pixelBytes : pixelBytes;
  const values = Math.ceil(run / Math.ceil(run / most));
  const places = Array.from({ length: values }, (_, i) => i * 4);
  const rest = run % values;
  f.repeat(counter[1], rows, () => {
    f.repeat(counter[2], runs, () => {
      groups(Math.floor(run / values), places, values * 4);
      if (rest > 0) groups(1, places.slice(0, rest), rest * 4);
      f.advance(source, runBytes - run * 4);
    });
    f.advance(source, rowBytes - runs * runBytes);
  });
}

/** Emits the sums over an image of some of a window's values times some vectors of outputs. */
function blockEmitter(
  f: FunctionBuilder,
  layout: DirectLayout,
  { source, gradient, slab, spare }: Pointers,
  vectors: { first: number; count: number; most: number },
): (offsets: readonly number[]) => void {
  const { output, outChannels } = layout;
  const { first, count, most } = vectors;
  const sums = Array.from({ length: most }, () => f.locals('v128', count));
  const outputs = f.locals('v128', count);
  const value = f.local('v128');
  const [a, b] = f.locals('i32', 2);
  const pointers = [
    { local: a, ...windowSteps(layout) },
    { local: b, ...layout.gradient.layout },
  ];
  return (offsets) => {
    const cells = offsets.map((from, i) => ({
      vectors: sums[i],
      from,
      offset: i * outChannels * 8 + first * WIDE_BYTES,
    }));
    for (const cell of cells) for (const sum of cell.vectors) f.set(sum, v128.zero());
    f.set(a, get(source));
    f.set(b, get(gradient));
    const visit = () => {
      for (const [j, local] of outputs.entries()) f.set(local, v128.load(get(b), (first + j) * VECTOR_BYTES));
      for (const cell of cells) {
        f.set(value, v128.load32Splat(get(a), cell.from));
        for (const [j, sum] of cell.vectors.entries())
          f.set(sum, f.multiplyAdd(get(sum), get(value), get(outputs[j])));
      }
    };
    forEachBlock(f, output.height, output.width, pointers, visit, () => emitAddBlock(f, cells, slab, spare));
  };
}
