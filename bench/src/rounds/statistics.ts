/** The middle value, or the mean of the middle two. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** The median over the rounds that both have of how often `values` goes into `reference`. */
export function medianRatio(reference: readonly number[], values: readonly number[]): number {
  const shared = Math.min(reference.length, values.length);
  return median(Array.from({ length: shared }, (_, round) => reference[round] / values[round]));
}
