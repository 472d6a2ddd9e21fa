import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** Inputs to make others from: the seeds, and those that reached new code, which are kept in a folder. */
export class Corpus {
  readonly inputs: Uint8Array[] = [];
  readonly #known = new Set<string>();
  readonly #folder: string | undefined;

  /** @param folder Where they are kept from one run to the next; undefined for nowhere. */
  constructor(folder: string | undefined) {
    this.#folder = folder;
  }

  /** Takes the seeds, and what former runs found. */
  begin(seeds: readonly Uint8Array[]): void {
    if (this.inputs.length > 0) return;
    for (const seed of seeds) this.#take(seed);
    if (this.#folder === undefined || !existsSync(this.#folder)) return;
    for (const name of readdirSync(this.#folder).toSorted())
      this.#take(new Uint8Array(readFileSync(join(this.#folder, name))));
  }

  add(input: Uint8Array): void {
    const name = this.#take(input);
    if (name === undefined || this.#folder === undefined) return;
    mkdirSync(this.#folder, { recursive: true });
    writeFileSync(join(this.#folder, name), input);
  }

  #take(input: Uint8Array): string | undefined {
    const name = createHash('sha256').update(input).digest('hex').slice(0, 16);
    if (this.#known.has(name)) return undefined;
    this.#known.add(name);
    this.inputs.push(input);
    return name;
  }
}
