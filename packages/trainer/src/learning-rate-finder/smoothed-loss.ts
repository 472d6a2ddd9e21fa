import { math } from '@mnist-kit/core';

/**
 * An exponential moving average that starts at 0 and is divided by the weights that it has seen, as Adam's moments
 * are: Kingma and Ba, "Adam: A Method for Stochastic Optimization", 2015, section 3.
 */
export class SmoothedLoss {
  readonly #smoothing: number;
  #average = 0;
  #count = 0;

  /** @param smoothing Weight of the past, at least 0 and below 1. */
  constructor(smoothing: number) {
    this.#smoothing = smoothing;
  }

  /** Takes the next loss in; the average with it. */
  add(loss: number): number {
    this.#count++;
    this.#average = this.#smoothing * this.#average + (1 - this.#smoothing) * loss;
    return this.#average / (1 - math.pow(this.#smoothing, this.#count));
  }
}
