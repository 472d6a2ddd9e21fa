// @ts-check
// `npm run test:faults`: every operation on files that saving makes fails once, in turn, and every power cut. First as
// `npm test` does it with a sample, then, where strace is installed, in the kernel; `--every 10` takes every tenth call.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { bundle } from './lib/bundle.mjs';
import { root } from './lib/workspace.mjs';

if (!ensureBuilt()) process.exit(1);

/** @param {string} command @param {string[]} args @param {NodeJS.ProcessEnv} env */
const run = (command, args, env = {}) =>
  spawnSync(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } }).status ?? 1;

const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const test = 'packages/trainer/src/__tests__/file-faults.test.ts';
const sampled = run(process.execPath, [vitest, 'run', test], { FAULTS: 'all' });
if (sampled !== 0) process.exit(sampled);

if (spawnSync('strace', ['-V']).status !== 0) {
  console.log('Without strace (apt-get install strace) nothing is made to fail in the kernel.');
  process.exit(0);
}
// Where the test's own modules find the packages.
const folder = join(root, 'packages', 'trainer', 'node_modules', '.cache', 'faults');
await bundle(folder, { main: 'faults/main.ts', child: 'faults/child.ts' });
process.exit(run(process.execPath, [join(folder, 'main.mjs'), ...process.argv.slice(2)]));
