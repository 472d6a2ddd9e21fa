// @ts-check
// `npm run bench`: installs, builds, measures. What is up to date is skipped.
// Plain Node: before the install there is no dependency to lean on.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { requireNode } from './lib/node-version.mjs';
import { folderOf } from './lib/workspace.mjs';

requireNode();
if (!ensureInstalled() || !ensureBuilt()) process.exit(1);

const program = join(folderOf('bench'), 'dist', 'main.js');
const child = spawn(process.execPath, ['--enable-source-maps', program, ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// The terminal sends Ctrl-C to the child as well. It decides how to end; this process only waits for it.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
