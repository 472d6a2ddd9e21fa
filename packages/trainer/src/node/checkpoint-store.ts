import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CheckpointError } from '@mnist-kit/core';
import type { RunSnapshot } from '../contracts/run-snapshot.js';
import { NewerFormatError, readCheckpoint, TEMPORARY, writeCheckpoint } from './checkpoint-files.js';
import { NotACheckpointError } from './not-a-checkpoint.js';

const NAME = /^checkpoint-(\d+)$/;

/** The checkpoints of a run: numbered folders, of which the newest few are kept. */
export class CheckpointStore {
  readonly #dir: string;
  readonly #keep: number;
  #next: number | undefined;

  /**
   * @param dir Folder of the numbered folders; created with the first one.
   * @param keep How many are kept.
   */
  constructor(dir: string, keep: number) {
    this.#dir = dir;
    this.#keep = keep;
  }

  /** Writes the next checkpoint; older ones go once it is whole. */
  async save(snapshot: RunSnapshot): Promise<string> {
    await mkdir(this.#dir, { recursive: true });
    const numbers = await this.#numbers();
    this.#next ??= (numbers.at(-1) ?? 0) + 1;
    const folder = this.#folder(this.#next);
    await writeCheckpoint(folder, snapshot);
    this.#next++;
    const old = numbers.slice(0, Math.max(0, numbers.length + 1 - this.#keep));
    for (const number of old) await rm(this.#folder(number), { recursive: true, force: true });
    return folder;
  }

  /**
   * The newest checkpoint that is whole.
   *
   * @returns The snapshot and what is wrong with newer ones; `undefined` when there is none at all.
   * @throws CheckpointError when there are checkpoints, and all are damaged.
   */
  async latest(): Promise<{ snapshot: RunSnapshot; folder: string; damaged: readonly string[] } | undefined> {
    const damaged: string[] = [];
    let foreign = false;
    const numbers = await this.#numbers();
    for (const number of numbers.reverse()) {
      const folder = this.#folder(number);
      try {
        return { snapshot: await readCheckpoint(folder), folder, damaged };
      } catch (error) {
        // Going on from an older one would in the end delete what a newer version can still read.
        if (!(error instanceof CheckpointError) || error instanceof NewerFormatError) throw error;
        foreign ||= error instanceof NotACheckpointError;
        damaged.push(error.message);
      }
    }
    if (damaged.length === 0) return undefined;
    const todo = foreign
      ? 'Give this fit a folder of its own to start over.'
      : 'Delete that folder to start over.';
    throw new CheckpointError(`No checkpoint in ${this.#dir} can be read:\n${damaged.join('\n')}\n${todo}`);
  }

  /** Removes what a process that was killed while writing left behind. */
  async clean(): Promise<void> {
    for (const name of await this.#names())
      if (name.startsWith(TEMPORARY)) await rm(join(this.#dir, name), { recursive: true, force: true });
  }

  async #numbers(): Promise<number[]> {
    const names = await this.#names();
    return names
      .flatMap((name) => NAME.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  async #names(): Promise<string[]> {
    try {
      return await readdir(this.#dir);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  }

  #folder(number: number): string {
    return join(this.#dir, `checkpoint-${String(number).padStart(6, '0')}`);
  }
}
