import fc from 'fast-check';
import type { Corpus } from './corpus.js';
import { cook, type Recipe, recipes } from './edits.js';
import type { Reply } from './messages.js';
import { Dead, Process } from './process.js';
import type { Target } from './target.js';
import { alone, type Defect, examine, signature, suspicious } from './verdict.js';

const batchSize = 128;
/** Where there is only the time or the memory to tell defects by, so many are reported; else one of each. */
const mostFindings = 3;

/** What was done to a target. */
export interface Counts {
  inputs: number;
  parsed: number;
  refused: number;
  /** Inputs that reached new code. */
  fresh: number;
  /** Ranges of code reached. */
  reached: number;
  milliseconds: number;
  /** Slowest input that is no finding. */
  slowest: number;
  findings: number;
}

/** A defect, with the smallest input that shows it. */
export interface Finding extends Defect {
  readonly target: string;
  readonly input: Uint8Array;
  readonly recipe: Recipe;
  readonly batchSeed: number;
}

/** Fuzzes one target, slice after slice. */
export class Campaign {
  readonly target: Target;
  readonly counts: Counts = {
    ...{ inputs: 0, parsed: 0, refused: 0, fresh: 0, reached: 0 },
    ...{ milliseconds: 0, slowest: 0, findings: 0 },
  };
  readonly #seed: number;
  readonly #corpus: Corpus;
  readonly #report: (finding: Finding) => void;
  readonly #looks = new Map<string, { found: number }>();
  #batch = 0;

  constructor(target: Target, seed: number, corpus: Corpus, report: (finding: Finding) => void) {
    this.target = target;
    this.#seed = seed;
    this.#corpus = corpus;
    this.#report = report;
  }

  /** Runs until the time or the number of inputs is used up. */
  async slice({ until = Infinity, count = Infinity, guided = true }): Promise<void> {
    const begin = performance.now();
    let left = count;
    let process = await this.#start(guided);
    try {
      while (left > 0 && performance.now() < until) {
        const size = Math.min(left, batchSize);
        const healthy = await this.#runBatch(process, size, guided);
        left -= size;
        if (healthy) continue;
        process.stop();
        process = await this.#start(guided);
      }
    } finally {
      process.stop();
      this.counts.milliseconds += performance.now() - begin;
    }
  }

  /** A process that knows what the corpus reaches. */
  async #start(guided: boolean): Promise<Process> {
    const process = await Process.start(this.target.name, this.#seed);
    this.#corpus.begin(process.seeds);
    if (guided)
      for (let from = 0; from < this.#corpus.inputs.length; from += batchSize) {
        const inputs = this.#corpus.inputs.slice(from, from + batchSize);
        await process.run({ inputs, guided }).catch(() => {});
      }
    return process;
  }

  /** @returns False when the process is not to be used any more. */
  async #runBatch(process: Process, size: number, guided: boolean): Promise<boolean> {
    const batchSeed = mix(this.#seed, this.#batch++, this.target.name);
    const chosen = fc.sample(recipes(this.target), { seed: batchSeed, numRuns: size });
    const inputs = chosen.map((recipe) => cook(recipe, this.#corpus.inputs, this.target));
    this.counts.inputs += size;
    let reply: Reply;
    try {
      reply = await process.run({ inputs, guided });
    } catch (error) {
      if (!(error instanceof Dead)) throw error;
      const killer = await this.#findKiller(inputs);
      if (killer !== undefined) await this.#look('death', inputs, chosen, killer, batchSeed);
      return false;
    }
    let healthy = true;
    for (const [i, outcome] of reply.outcomes.entries()) {
      if (outcome.kind !== 'defect') this.counts[outcome.kind]++;
      if (!suspicious(outcome, inputs[i])) {
        this.counts.slowest = Math.max(this.counts.slowest, outcome.milliseconds);
        continue;
      }
      // After a hunger for memory the next one would not show, and what was slow may have left something behind.
      if (outcome.kind !== 'defect') healthy = false;
      const known =
        outcome.kind === 'defect'
          ? signature({ kind: 'defect', what: outcome.error ?? '' })
          : 'slow or large';
      await this.#look(known, inputs, chosen, i, batchSeed);
    }
    for (const i of reply.fresh) this.#corpus.add(inputs[i]);
    this.counts.fresh += reply.fresh.length;
    this.counts.reached = Math.max(this.counts.reached, reply.reached);
    return healthy;
  }

  /** Which input it is that a process dies of or does not come back from, when it does so again. */
  async #findKiller(inputs: readonly Uint8Array[]): Promise<number | undefined> {
    const process = await Process.start(this.target.name, this.#seed);
    try {
      for (const [i, input] of inputs.entries())
        if (!(await process.run({ inputs: [input], guided: false }, alone).catch(() => undefined))) return i;
      return undefined;
    } finally {
      process.stop();
    }
  }

  /** Looks at an input alone and, when it has a defect, for the smallest that has the same one. */
  async #look(
    known: string,
    inputs: readonly Uint8Array[],
    chosen: readonly Recipe[],
    i: number,
    batchSeed: number,
  ): Promise<void> {
    const { target } = this;
    const looks = this.#looks.get(known) ?? { found: 0 };
    this.#looks.set(known, looks);
    if (looks.found >= mostFindings) return;
    const defect = await examine(target.name, this.#seed, inputs[i]);
    if (defect === undefined) return;
    looks.found += defect.kind === 'defect' ? mostFindings : 1;
    this.counts.findings++;
    const corpus = [...this.#corpus.inputs];
    let smallest = { defect, recipe: chosen[i], input: inputs[i] };
    const same = signature(defect);
    // The value that was sampled, and then fast-check's way from there to smaller ones.
    const quick = defect.kind === 'defect' ? await Process.start(target.name, this.#seed) : undefined;
    const property = fc.asyncProperty(recipes(target), async (recipe) => {
      const input = cook(recipe, corpus, target);
      const found = await examine(target.name, this.#seed, input, quick);
      if (found === undefined || signature(found) !== same) return true;
      smallest = { defect: found, recipe, input };
      return false;
    });
    await fc.check(property, {
      ...{ seed: batchSeed, path: String(i), numRuns: 1 },
      interruptAfterTimeLimit: 30_000,
    });
    quick?.stop();
    const { recipe, input } = smallest;
    this.#report({ ...smallest.defect, target: target.name, recipe, input, batchSeed });
  }
}

/** A seed for a batch, by FNV-1a. */
function mix(seed: number, batch: number, name: string): number {
  let hash = 0x811c9dc5;
  for (const character of `${seed} ${batch} ${name}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193);
  return hash | 0;
}
