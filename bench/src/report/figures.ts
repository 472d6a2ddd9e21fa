import type { Report } from './report.js';

/** Looks up what a run measured: one variant of the plan, and its peers. */
export class Figures {
  /** The fewest and the most threads of the plan. */
  readonly threads: readonly [number, number];
  /** What the names of the plan's runners end with, one for each runtime and width of vectors. */
  readonly variants: readonly string[];
  /** The variant that the documents speak of. */
  readonly variant: string;
  readonly #values = new Map<string, number>();

  /**
   * @param variant Which of `variants`; without it the one with the fastest training step, which is named where it is
   * shown.
   */
  constructor(
    readonly report: Report,
    variant?: string,
  ) {
    for (const { work, runner, medianMs } of report.results) this.#values.set(`${work} ${runner}`, medianMs);
    for (const { work, runner, medianMiB } of report.memory) this.#values.set(`${work} ${runner}`, medianMiB);
    const plans = [...this.#values.keys()].flatMap((key) => {
      const [, count, suffix] = /^\S+ plan-(\d+)t(\S*)$/.exec(key) ?? [];
      return count === undefined ? [] : [{ count: Number(count), suffix }];
    });
    const counts = plans.map(({ count }) => count);
    this.threads = [Math.min(...counts), Math.max(...counts)];
    this.variants = [...new Set(plans.map(({ suffix }) => suffix))];
    const time = (suffix: string) =>
      this.#values.get(`train-step/optimizedNet/128 plan-${this.threads[1]}t${suffix}`) ??
      Number.POSITIVE_INFINITY;
    this.variant = variant ?? [...this.variants].sort((a, b) => time(a) - time(b))[0] ?? '';
  }

  /** `Node 24.1 with 256-bit vectors` */
  get runtime(): string {
    return this.describeVariant(this.variant);
  }

  describeVariant(variant: string): string {
    const [, name = '', bits] = /^(?:-(node[\d.]+))?(?:-(\d+))?$/.exec(variant) ?? [];
    const version = this.report.machine.runtimes[name] ?? name;
    return `Node ${version}${bits ? ` with ${bits}-bit vectors` : ''}`;
  }

  has(work: string): boolean {
    return this.#value(work, `plan-${this.threads[1]}t${this.variant}`) !== undefined;
  }

  runner(work: string, name: string, format: (value: number) => string): string {
    const value = this.#value(work, name);
    return value === undefined ? '' : format(value);
  }

  plan(work: string, threads: number, format: (value: number) => string): string {
    return this.runner(work, `plan-${threads}t${this.variant}`, format);
  }

  /** PyTorch's best, in brackets the better of its formats as it is installed. */
  best(work: string, format: (value: number) => string): string {
    const best = this.#bestOf(work);
    if (best === undefined) return '';
    const untuned = this.#untuned(work);
    return `${this.runner(work, best, format)}${untuned ? ` (${this.runner(work, untuned, format)})` : ''}`;
  }

  /** How the plan compares with PyTorch's best, in brackets with PyTorch as it is installed. */
  ratio(work: string, threads: number, variant = this.variant): string {
    const best = this.#bestOf(work);
    const untuned = this.#untuned(work);
    if (best === undefined) return '';
    const beside = untuned ? ` (${this.ratioTo(work, threads, untuned, variant)})` : '';
    return `${this.ratioTo(work, threads, best, variant)}${beside}`;
  }

  ratioTo(work: string, threads: number, reference: string, variant = this.variant): string {
    const runner = `plan-${threads}t${variant}`;
    const found = this.report.ratios.find(
      (one) => one.work === work && one.runner === runner && one.reference === reference,
    );
    return found ? found.ratio.toFixed(2) : '';
  }

  #value(work: string, runner: string): number | undefined {
    return this.#values.get(`${work} ${runner}`);
  }

  #bestOf(work: string): string | undefined {
    return this.report.ratios.find((one) => one.work === work && one.peer === 'PyTorch' && one.best)
      ?.reference;
  }

  #untuned(work: string): string | undefined {
    const names = ['pytorch-nchw-untuned', 'pytorch-channels-last-untuned'];
    const time = (name: string) => this.#value(work, name) ?? Number.POSITIVE_INFINITY;
    const [fastest] = names.sort((a, b) => time(a) - time(b));
    return this.#value(work, fastest) === undefined ? undefined : fastest;
  }
}
