// @ts-check
// Builds what is out of date.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { outdated } from './outdated.mjs';
import { root } from './workspace.mjs';

/** @returns {boolean} Whether everything is built from the sources as they are now. */
export function ensureBuilt() {
  const names = outdated();
  if (names.length === 0) return true;
  console.error(`Building ${names.join(', ')} …`);
  // A process of its own: the build imports what the install has only just put there.
  const result = spawnSync(process.execPath, [join(root, 'scripts', 'build.mjs'), ...names], {
    cwd: root,
    stdio: ['ignore', 2, 2],
  });
  return result.status === 0;
}
