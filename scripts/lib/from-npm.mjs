// @ts-check
// Programs from npm that only some scripts need, and other builds of Node: installed when first asked for.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.mjs';

const cache = join(root, 'node_modules', '.cache', 'runtimes');

/**
 * The folder of a package of npm's that is no dependency of this repository; installed on the first call, without
 * install scripts.
 *
 * @param {string} name Name of the package.
 * @param {string} version Version or range, `22`.
 * @param {Record<string, string>} overrides Versions of what it depends on, where its own choice does not do.
 * @returns {string}
 * @throws Error when npm cannot install it.
 */
export function installedPackage(name, version, overrides = {}) {
  const folder = join(cache, `${name.replace('/', '+')}-${version}`);
  const home = join(folder, 'node_modules', name);
  if (!existsSync(join(folder, 'complete'))) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, overrides }));
    const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
    // npm refuses packages of another architecture unless forced.
    const npm = spawnSync('npm', ['install', '--force', ...flags, `${name}@${version}`], {
      cwd: folder,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    if (npm.status !== 0 || !existsSync(home))
      throw new Error(
        `npm could not install ${name}@${version}: ${(npm.stderr ?? '').trim().split('\n')[0]}`,
      );
    writeFileSync(join(folder, 'complete'), '');
  }
  return home;
}

/**
 * A Node of some major version, from npm's `node-<platform>-<arch>` packages.
 *
 * @param {string} major Major version, `22`.
 * @param {string} arch What `process.arch` is there; another one than here needs an emulator.
 * @throws Error when npm cannot install it.
 */
export function installedNode(major, arch = process.arch) {
  const home = installedPackage(`node-${process.platform.replace('win32', 'win')}-${arch}`, major);
  const binary = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return { binary, version: JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).version };
}
