import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Disk } from '../../packages/trainer/src/__tests__/chaos/process.js';

/** A small disk in memory that can be filled. Needs root. */
export class SmallDisk implements Disk {
  readonly #filler: string;

  /** @param folder Where it is mounted. */
  constructor(readonly folder: string) {
    mkdirSync(folder, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m,mode=755', 'chaos', folder], { stdio: 'pipe' });
    this.#filler = join(folder, 'filler');
  }

  fill(free: number): void {
    const { bavail, bsize } = statfsSync(this.folder);
    const bytes = bavail * bsize - free;
    if (bytes <= 0) return;
    try {
      writeFileSync(this.#filler, new Uint8Array(bytes));
    } catch (error) {
      // A process wrote meanwhile: it is as full as can be.
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }

  free(): void {
    rmSync(this.#filler, { force: true });
  }

  /** Takes it away, with all that is on it. */
  unmount(): void {
    execFileSync('umount', ['-l', this.folder]);
  }
}
