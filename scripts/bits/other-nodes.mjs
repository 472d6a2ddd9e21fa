// Other builds of Node, from npm's `node-<platform>-<arch>` packages, which need no install script.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../lib/workspace.mjs';

const cache = join(root, 'node_modules', '.cache', 'runtimes');

/**
 * The path of a Node of some major version; installed on the first call.
 *
 * @param {string} major Major version, `22`.
 * @param {string} arch What `process.arch` is there; another one than here needs an emulator.
 * @throws Error when npm cannot install it.
 */
export function installedNode(major, arch = process.arch) {
  const name = `node-${process.platform.replace('win32', 'win')}-${arch}`;
  const folder = join(cache, `${name}-${major}`);
  const home = join(folder, 'node_modules', name);
  const binary = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  if (!existsSync(join(folder, 'complete'))) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'package.json'), '{"private":true}');
    const flags = ['--no-audit', '--no-fund', '--no-package-lock', '--ignore-scripts', '--loglevel=error'];
    // npm refuses packages of another architecture unless forced.
    const args = ['install', '--force', ...flags, `${name}@${major}`];
    const npm = spawnSync('npm', args, {
      cwd: folder,
      encoding: 'utf8',
      shell: process.platform === 'win32',
    });
    if (npm.status !== 0 || !existsSync(binary))
      throw new Error(`npm could not install ${name}@${major}: ${(npm.stderr ?? '').trim().split('\n')[0]}`);
    writeFileSync(join(folder, 'complete'), '');
  }
  return { binary, version: JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).version };
}
