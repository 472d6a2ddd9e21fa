import type { Parameter } from '@mnist-kit/core';

/** Sums the gradients of several batches and puts their mean in the parameters' place. */
export class GradientAccumulator {
  #sums: Float32Array[] = [];
  #count = 0;

  add(parameters: readonly Parameter[]): void {
    if (this.#sums.length === 0)
      this.#sums = parameters.map(({ gradient }) => new Float32Array(gradient.length));
    for (let p = 0; p < parameters.length; p++) {
      const sum = this.#sums[p];
      const { gradient } = parameters[p];
      if (this.#count === 0) sum.set(gradient);
      else for (let i = 0; i < sum.length; i++) sum[i] += gradient[i];
    }
    this.#count++;
  }

  /** Writes the mean into the gradients, or the sum for a loss that sums, and starts over. */
  finish(parameters: readonly Parameter[], sums: boolean): void {
    const scale = sums ? 1 : 1 / this.#count;
    for (let p = 0; p < parameters.length; p++) {
      const sum = this.#sums[p];
      const { gradient } = parameters[p];
      for (let i = 0; i < sum.length; i++) gradient[i] = sum[i] * scale;
    }
    this.#count = 0;
  }
}
