/**
 * @module
 * How wide vectors are: the one place that emitters ask. WebAssembly's have 128 bits; a machine may run several of
 * them with one instruction where they stand side by side.
 */

/** Floats of one vector. */
export const LANES = 4;
export const VECTOR_BYTES = LANES * 4;

/** Vectors that hold `channels` floats. */
export const vectorsOf = (channels: number): number => Math.ceil(channels / LANES);

/** Channels rounded up to whole vectors. */
export const paddedChannels = (channels: number): number => vectorsOf(channels) * LANES;

/** Bits of the registers that code is written for. */
export type VectorBits = 128 | 256;

/** Registers for code to count on: x64 without AVX-512 has 16, arm64 32. */
const REGISTERS = 16;

/** What code is written for. The bits of all results are the same whatever it is. */
export interface Machine {
  readonly bits: VectorBits;
  /**
   * Neighbouring vectors that fill a register. Kernels treat so many at once and store them one right after the
   * other, so that a runtime may pack them into one instruction.
   */
  readonly atOnce: number;
}

export const machineOf = (bits: VectorBits): Machine => ({ bits, atOnce: bits / (VECTOR_BYTES * 8) });

/** One register block of a matrix product: rows by vectors of columns. */
export interface BlockShape {
  readonly rows: number;
  readonly columns: number;
}

/** The most registers that one row of a block takes. */
const WIDEST_BLOCK = 3;

/** Rows of a block whose rows take so many registers: sums, a row of B, a value of A and a product fit into all. */
const blockRows = (registers: number): number =>
  Math.min(4, Math.floor((REGISTERS - registers - 2) / registers));

/** The register blocks that cover a matrix of `vectors` vectors of columns, from the first column to the last. */
export function registerBlocks({ atOnce }: Machine, vectors: number): BlockShape[] {
  const blocks: BlockShape[] = [];
  let rest = vectors;
  while (rest > 0) {
    const registers = Math.ceil(rest / atOnce);
    // Three rather than two and one: a block of one spends its time on loads.
    const take = registers === WIDEST_BLOCK ? registers : Math.min(2, registers);
    const columns = Math.min(rest, take * atOnce);
    blocks.push({ rows: blockRows(take), columns });
    rest -= columns;
  }
  return blocks;
}

/** The most sums and columns of any block. */
export const blockLimits = ({ atOnce }: Machine): { sums: number; columns: number } => ({
  sums: 12 * atOnce,
  columns: WIDEST_BLOCK * atOnce,
});

/** Rows that products in blocks may touch for `rows` asked. */
export function paddedRows(rows: number): number {
  return Math.max(
    ...[1, 2, WIDEST_BLOCK].map((registers) => {
      const whole = blockRows(registers);
      return Math.ceil(rows / whole) * whole;
    }),
  );
}

/** Vectors that are handled at once, so many times. */
export interface VectorGroup {
  readonly count: number;
  readonly times: number;
}

/** How `vectors` neighbouring vectors are handled: as many at once as the machine takes, then what is left. */
export function vectorGroups({ atOnce }: Machine, vectors: number): VectorGroup[] {
  const groups = [
    { count: atOnce, times: Math.floor(vectors / atOnce) },
    { count: vectors % atOnce, times: 1 },
  ];
  return groups.filter(({ count, times }) => count * times > 0);
}

/** Splits `vectors` channel vectors into runs of at most `most`, each handled at once. */
export function channelPasses(vectors: number, most: number): { first: number; count: number }[] {
  const passes: { first: number; count: number }[] = [];
  for (let first = 0; first < vectors; first += most)
    passes.push({ first, count: Math.min(most, vectors - first) });
  return passes;
}
