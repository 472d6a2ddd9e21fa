import type { LRScheduler, Optimizer } from '@mnist-kit/optim';
import type { SchedulerLike } from '@mnist-kit/trainer';

interface LiveRateState {
  readonly factor: number;
  readonly planned: readonly number[];
  readonly inner: unknown;
}

/**
 * A schedule whose rates can be multiplied while it runs: what the visitor's slider does. At a factor of 1 the rates are
 * those of the schedule, to the bit.
 */
export class LiveRate implements SchedulerLike {
  readonly interval: 'epoch' | 'step';
  readonly #optimizer: Optimizer;
  readonly #inner: LRScheduler | undefined;
  #factor = 1;
  /** Rate of each parameter group as the schedule has it. */
  #planned: readonly number[];

  /** @param inner The schedule; without one the rates stay what they are. */
  constructor(optimizer: Optimizer, inner?: LRScheduler) {
    this.#optimizer = optimizer;
    this.#inner = inner;
    this.interval = inner?.interval ?? 'epoch';
    this.#planned = this.#rates();
  }

  get settings() {
    return { kind: 'LiveRate', schedule: this.#inner?.kind ?? 'none', ...this.#inner?.settings };
  }

  get lr(): number {
    return this.#optimizer.lr;
  }

  get factor(): number {
    return this.#factor;
  }

  /** Multiplies the rates of the next step, and of all after it, by `factor`. */
  setFactor(factor: number): void {
    this.#factor = factor;
    this.#apply();
  }

  step(): void {
    this.#asPlanned(() => this.#inner?.step());
    this.#apply();
  }

  state(): LiveRateState {
    const inner = this.#asPlanned(() => this.#inner?.state());
    this.#apply();
    return { factor: this.#factor, planned: this.#planned, inner };
  }

  loadState(state: unknown): void {
    const { factor, planned, inner } = state as LiveRateState;
    this.#factor = factor;
    this.#planned = [...planned];
    this.#asPlanned(() => this.#inner?.loadState(inner as ReturnType<LRScheduler['state']>));
    this.#apply();
  }

  /** Runs `work` on the rates of the schedule, and keeps what it makes of them. */
  #asPlanned<T>(work: () => T): T {
    this.#write(this.#planned);
    const result = work();
    this.#planned = this.#rates();
    return result;
  }

  #apply(): void {
    this.#write(this.#factor === 1 ? this.#planned : this.#planned.map((rate) => rate * this.#factor));
  }

  #rates(): number[] {
    return this.#optimizer.groups.map(({ lr }) => lr);
  }

  #write(rates: readonly number[]): void {
    for (const [i, group] of this.#optimizer.groups.entries()) group.lr = rates[i];
  }
}
