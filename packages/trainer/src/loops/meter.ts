/** Sums of loss and hits over the samples of a pass. */
export class Meter {
  lossSum = 0;
  hits = 0;
  count = 0;

  reset(): void {
    this.lossSum = 0;
    this.hits = 0;
    this.count = 0;
  }

  add(lossSum: number, hits: number, size: number): void {
    this.lossSum += lossSum;
    this.hits += hits;
    this.count += size;
  }

  get loss(): number {
    return this.lossSum / this.count;
  }

  get accuracy(): number {
    return this.hits / this.count;
  }
}
