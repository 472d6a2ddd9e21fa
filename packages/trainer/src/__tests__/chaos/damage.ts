import {
  chmodSync,
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Disturbance } from './disturbance.js';
import { filesIn } from './folder.js';

/** What has been done to the files of a run: paths from its folder. */
export class Damages {
  readonly #run: string;
  readonly #files = new Set<string>();
  readonly #readOnly = new Set<string>();
  /** Whether the whole folder was removed. */
  removed = false;

  constructor(run: string) {
    this.#run = run;
  }

  /** Whether a file was damaged, or was in a folder that was removed. */
  has(path: string): boolean {
    return this.removed || this.#files.has(path);
  }

  /** Whether anything was damaged. */
  get any(): boolean {
    return this.removed || this.#files.size > 0;
  }

  /** Whether a file of a state was damaged and is still there for all we know. */
  get ofStates(): boolean {
    return [...this.#files].some((path) => path.startsWith('checkpoints/'));
  }

  /** Whether any file of a folder was damaged. */
  hasIn(folder: string): boolean {
    return this.removed || [...this.#files].some((path) => path.startsWith(`${folder}/`));
  }

  /** Does what a disturbance says; returns what was done, for the report, or nothing where there was nothing to do it to. */
  inflict(disturbance: Disturbance): string | undefined {
    try {
      if (disturbance.kind === 'folder removed') return this.#remove();
      if (disturbance.kind === 'read-only') return this.#makeReadOnly(disturbance.folder);
      if (disturbance.kind === 'file times') return this.#setTimes(disturbance.hours);
      if (disturbance.kind === 'file damaged') return this.#damage(disturbance);
    } catch (error) {
      // The process was quicker: the file has gone.
      if (!['ENOENT', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
    return undefined;
  }

  /** Gives permissions back. */
  makeWritable(): void {
    for (const folder of this.#readOnly) if (existsSync(folder)) chmodSync(folder, 0o755);
    this.#readOnly.clear();
  }

  #remove(): string | undefined {
    if (!existsSync(this.#run)) return undefined;
    this.removed = true;
    try {
      rmSync(this.#run, { recursive: true, force: true });
    } catch {
      // A process wrote there meanwhile; what it wrote is all that is left.
    }
    return 'removed';
  }

  #makeReadOnly(name: 'run' | 'checkpoints' | 'logs'): string | undefined {
    const folder = name === 'run' ? this.#run : join(this.#run, name);
    if (!existsSync(folder)) return undefined;
    this.#readOnly.add(folder);
    chmodSync(folder, 0o555);
    return name;
  }

  #setTimes(hours: number): string | undefined {
    if (!existsSync(this.#run)) return undefined;
    const time = Date.now() / 1000 + hours * 3600;
    for (const name of readdirSync(this.#run, { recursive: true, encoding: 'utf8' }))
      utimesSync(join(this.#run, name), time, time);
    return `${hours} h`;
  }

  #damage({ damage, pick, word }: Disturbance & { kind: 'file damaged' }): string | undefined {
    const files = filesIn(this.#run).filter((name) => !name.includes('mine'));
    if (files.length === 0) return undefined;
    const name = files[pick % files.length];
    const path = join(this.#run, name);
    // A file that is being written counts as the one that it becomes.
    this.#files.add(name.replace(/(^|\/)\.([^/]+)\.\d+-\d+-\d+\.tmp$/, '$1$2'));
    const { size } = statSync(path);
    if (damage === 'delete') rmSync(path);
    else if (damage === 'truncate') truncateSync(path, word % Math.max(1, size));
    else if (damage === 'garbage') writeFileSync(path, garbage(word, 1 + (word % 5000)), { flag: 'r+' });
    else overwrite(path, garbage(word, 16), word % Math.max(1, size));
    return `${name} ${damage}`;
  }
}

function overwrite(path: string, bytes: Uint8Array, at: number): void {
  const file = openSync(path, 'r+');
  writeSync(file, bytes, 0, bytes.length, at);
  closeSync(file);
}

function garbage(word: number, length: number): Uint8Array {
  let state = word | 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return state >>> 24;
  });
}

/** A file of the user's own among those of a run, for the run to leave alone. */
export const ownFiles = ['mine.txt', 'checkpoints/mine.txt', 'checkpoints/checkpoint-000500'];
