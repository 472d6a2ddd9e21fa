const BINS = 256;

/**
 * The level between 0 and 1 that parts values into two classes with the largest variance between them
 * (Otsu, "A threshold selection method from gray-level histograms", 1979).
 */
export function otsuThreshold(values: Float32Array): number {
  const histogram = new Float64Array(BINS);
  for (const value of values) histogram[Math.min(BINS - 1, Math.floor(value * BINS))] += 1;
  let sum = 0;
  for (let i = 0; i < BINS; i++) sum += i * histogram[i];
  let below = 0;
  let sumBelow = 0;
  let largest = -1;
  let first = 0;
  let last = 0;
  for (let i = 0; i < BINS - 1; i++) {
    below += histogram[i];
    sumBelow += i * histogram[i];
    const above = values.length - below;
    if (below === 0 || above === 0) continue;
    const difference = sumBelow / below - (sum - sumBelow) / above;
    const variance = below * above * difference * difference;
    if (variance > largest) {
      largest = variance;
      first = i;
    }
    // Between two levels without anything in between all thresholds are equal: the middle one is taken.
    if (variance === largest) last = i;
  }
  return ((first + last) / 2 + 1) / BINS;
}
