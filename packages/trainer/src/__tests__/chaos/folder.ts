import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Files under a folder, by their path from there, sorted; what goes away meanwhile is left out. */
export function filesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  try {
    return readdirSync(folder, { recursive: true, encoding: 'utf8' })
      .filter((name) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile())
      .sort();
  } catch {
    return [];
  }
}

/** What a process has no business to leave behind once it has ended cleanly. */
export function leftovers(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /(^|\/)(\.lock|\.writable|\.tmp-|[^/]*\.tmp$)/.test(name),
  );
}

/** How far the newest checkpoint goes that is whole by its own checksums; -1 without one. */
export function reached(run: string): number {
  const folder = join(run, 'checkpoints');
  if (!existsSync(folder)) return -1;
  const names = readdirSync(folder).filter((name) => /^checkpoint-\d+$/.test(name));
  return Math.max(-1, ...names.map((name) => stepOf(join(folder, name))));
}

/** The step of a checkpoint; -1 for one that is damaged. */
function stepOf(folder: string): number {
  try {
    const { sha256: checksum, ...manifest } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    if (checksum !== sha256(JSON.stringify(manifest))) return -1;
    for (const [name, file] of Object.entries<{ sha256: string }>(manifest.files))
      if (sha256(readFileSync(join(folder, name))) !== file.sha256) return -1;
    return manifest.step;
  } catch {
    return -1;
  }
}

function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}
