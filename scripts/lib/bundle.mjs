// @ts-check
// Programs of `scripts` that are written in TypeScript: made one file each, and run.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'tsup';
import { root } from './workspace.mjs';

/** Where a program is bundled to: under node_modules, where it finds the packages. @param {string[]} names */
export const bundleFolder = (...names) => join(root, 'node_modules', '.cache', 'mnist-kit', ...names);

/**
 * Bundles `entries`, paths of `scripts` by name, to `NAME.mjs` in `folder`; `options` of tsup come on top.
 *
 * @param {string} folder
 * @param {Record<string, string>} entries
 * @param {import('tsup').Options} options
 */
export async function bundle(folder, entries, options = {}) {
  await build({
    config: false,
    silent: true,
    entry: Object.fromEntries(
      Object.entries(entries).map(([name, path]) => [name, join(root, 'scripts', path)]),
    ),
    outDir: folder,
    format: ['esm'],
    outExtension: () => ({ js: '.mjs' }),
    target: 'es2022',
    platform: 'node',
    sourcemap: true,
    splitting: false,
    clean: true,
    dts: false,
    external: [/^@mnist-kit\//, /^@tensorflow\//],
    ...options,
  });
}

/**
 * Runs `main.mjs` of a folder with this process's arguments; this process ends as it does, after `atEnd`.
 *
 * @param {string} folder
 */
export function runBundle(folder, atEnd = () => {}) {
  const args = ['--enable-source-maps', join(folder, 'main.mjs'), ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { stdio: 'inherit' });
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  child.on('exit', (code) => {
    atEnd();
    process.exit(code ?? 1);
  });
}
