import { CheckpointError, EngineError } from '@mnist-kit/core';
import { platform } from '#trainer/platform';
import type { RunSnapshot } from '../contracts/run-snapshot.js';
import { isCheckpoint, NewerFormatError, readCheckpoint, writeCheckpoint } from './checkpoint-files.js';
import { isMissing } from './checkpoint-storage.js';
import { NotACheckpointError } from './not-a-checkpoint.js';

const { paths, storage } = platform;

/** What {@link CheckpointStore} calls its folders; more digits would be no exact number. */
const NAME = /^checkpoint-(\d{6,15})$/;

/** The checkpoints of a run: numbered folders, of which the newest few are kept. */
export class CheckpointStore {
  readonly #dir: string;
  readonly #keep: number;
  /** Numbers of those that are there, in the order in which they are to go; found at the first save. */
  #kept: number[] | undefined;
  /** Numbers of those that turned out to be damaged. */
  readonly #damaged = new Set<number>();
  /** Those among which {@link latest} chose. */
  #seen: string | undefined;

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
    const names = new Set(await this.#names());
    this.#kept ??= await this.#own(names);
    let number = Math.max(0, ...this.#kept) + 1;
    // Somebody else's, or a damaged one of ours.
    while (names.has(nameOf(number))) number++;
    const folder = this.#folder(number);
    await writeCheckpoint(folder, snapshot);
    this.#kept.push(number);
    await this.#prune(this.#kept);
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
    const numbers = numbersIn(await this.#names());
    this.#seen = numbers.join();
    for (const number of numbers.reverse()) {
      const folder = this.#folder(number);
      // A state is a folder even when it is damaged: this is somebody else's.
      if (await isFile(folder)) continue;
      try {
        return { snapshot: await readCheckpoint(folder), folder, damaged };
      } catch (error) {
        // Going on from an older one would in the end delete what a newer version can still read.
        if (!(error instanceof CheckpointError) || error instanceof NewerFormatError) throw error;
        foreign ||= error instanceof NotACheckpointError;
        this.#damaged.add(number);
        damaged.push(error.message);
      }
    }
    if (damaged.length === 0) return undefined;
    const todo = foreign
      ? 'Give this fit a folder of its own to start over.'
      : 'Delete that folder to start over.';
    throw new CheckpointError(`No checkpoint in ${this.#dir} can be read:\n${damaged.join('\n')}\n${todo}`);
  }

  /** Whether there is none that this version could read. */
  async isEmpty(): Promise<boolean> {
    return (await this.#own(await this.#names())).length === 0;
  }

  /**
   * Begins with a folder that nobody else writes to any more: looks at it anew, and removes what a process that was
   * killed while writing left behind.
   *
   * @throws CheckpointError when another fit has written states since {@link latest} chose one.
   */
  async begin(): Promise<void> {
    const seen = this.#seen;
    this.#seen = undefined;
    this.#kept = undefined;
    const names = await this.#names();
    if (seen !== undefined && seen !== numbersIn(names).join())
      throw new CheckpointError(
        `Another fit wrote to ${this.#dir} while this one began. Start this one again: it goes on from what is there now.`,
      );
    if (names.length > 0) await storage.removeLeftovers(this.#dir, (name) => /^checkpoint-\d+$/.test(name));
  }

  /** Removes the first of `kept`, if they are still what they were; what cannot be removed is left to a later fit. */
  async #prune(kept: number[]): Promise<void> {
    while (kept.length > this.#keep) {
      const folder = this.#folder(kept.shift() as number);
      if (await isCheckpoint(folder)) await storage.removeFolder(folder).catch(() => {});
    }
  }

  /** Our own among names, by their manifests. A damaged one does not take the place of a whole one: it comes first. */
  async #own(names: Iterable<string>): Promise<number[]> {
    const own: number[] = [];
    for (const number of numbersIn(names)) if (await isCheckpoint(this.#folder(number))) own.push(number);
    const isDamaged = (number: number) => this.#damaged.has(number);
    return [...own.filter(isDamaged), ...own.filter((number) => !isDamaged(number))];
  }

  async #names(): Promise<string[]> {
    try {
      return (await storage.list(this.#dir)).map(({ name }) => name);
    } catch (error) {
      if (isMissing(error)) return [];
      throw new EngineError(`Cannot read the folder ${this.#dir}: ${(error as Error).message}.`, {
        cause: error,
      });
    }
  }

  #folder(number: number): string {
    return paths.join(this.#dir, nameOf(number));
  }
}

async function isFile(path: string): Promise<boolean> {
  return storage.stat(path).then(
    ({ kind }) => kind === 'file',
    () => false,
  );
}

function nameOf(number: number): string {
  return `checkpoint-${String(number).padStart(6, '0')}`;
}

/** Numbers of what has the name of a checkpoint, ascending. */
function numbersIn(names: Iterable<string>): number[] {
  return [...names]
    .map((name) => Number(NAME.exec(name)?.[1] ?? Number.NaN))
    .filter((number) => !Number.isNaN(number))
    .sort((a, b) => a - b);
}
