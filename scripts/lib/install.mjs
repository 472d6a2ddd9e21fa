// @ts-check
// Installs the dependencies with the pnpm that package.json pins, where they are not up to date.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles, readStamp, writeStamp } from './stamps.mjs';
import { folderOf, packages, pages, programs, root } from './workspace.mjs';

/** Everything that decides what an install puts where. */
function fingerprint() {
  const manifests = [...packages, ...programs, ...pages].map((name) => join(folderOf(name), 'package.json'));
  const files = ['package.json', 'pnpm-lock.yaml', 'pnpm-workspace.yaml'];
  const hash = hashFiles([...manifests, ...files.map((file) => join(root, file))]);
  return `${hash} ${process.platform} ${process.arch}`;
}

/** pnpm leaves a copy of the lockfile it installed from: this works where the registry cannot be reached. */
function fitsLockfile() {
  const installed = join(root, 'node_modules', '.pnpm', 'lock.yaml');
  return existsSync(installed) && readFileSync(installed).equals(readFileSync(join(root, 'pnpm-lock.yaml')));
}

/**
 * Makes node_modules fit the lockfile. Does nothing, and needs no network, where it already does.
 *
 * @returns {boolean} Whether the dependencies are in place now.
 */
export function ensureInstalled() {
  const wanted = fingerprint();
  if (readStamp('install') === wanted && existsSync(join(root, 'node_modules', '.modules.yaml'))) return true;

  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  console.error(`Installing the dependencies with ${packageManager} …`);
  const result = spawnSync(
    'npx',
    [
      '--yes',
      packageManager,
      'install',
      '--frozen-lockfile',
      '--prefer-offline',
      '--config.confirmModulesPurge=false',
    ],
    {
      cwd: root,
      // The child's stdout goes to our stderr: stdout belongs to the program that is started afterwards.
      stdio: ['ignore', 2, 2],
      shell: process.platform === 'win32',
      env: { ...process.env, npm_config_prefer_offline: 'true', npm_config_update_notifier: 'false' },
    },
  );
  if (result.status !== 0 && fitsLockfile()) {
    console.error(
      'The install failed, but node_modules holds what the lockfile asks for: going on with that.',
    );
    return true;
  }
  if (result.status !== 0) {
    console.error(
      `\nThe dependencies could not be installed (${result.error?.message ?? `pnpm ended with ${result.status ?? result.signal}`}).\n` +
        'A first install needs npm and its registry. If package.json was edited, run\n' +
        `  npx ${packageManager} install\n` +
        'to bring pnpm-lock.yaml up to date.',
    );
    return false;
  }
  writeStamp('install', wanted);
  return true;
}
