/** One training step. */
export interface Step {
  readonly loss: number;
  /** SHA-256 of the batch's pixels, float32. */
  readonly pixels: string;
}

/** Two runs of the same steps, one beside the other. */
export interface Comparison {
  /** `|ours - reference| / |reference|`, step by step. */
  readonly differences: readonly number[];
  /** Steps whose batches have the same pixels, bit for bit. */
  readonly samePixels: number;
}

export function compareCurves(ours: readonly Step[], reference: readonly Step[]): Comparison {
  const differences = reference.map(({ loss }, i) => Math.abs(ours[i].loss - loss) / Math.abs(loss));
  const samePixels = reference.filter(({ pixels }, i) => ours[i].pixels === pixels).length;
  return { differences, samePixels };
}
