// Other builds of Node, from npm's `node-<platform>-<arch>` packages, which need no install script.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { installedPackage } from '../lib/npm-package.mjs';

/**
 * The path of a Node of some major version; installed on the first call.
 *
 * @param {string} major Major version, `22`.
 * @param {string} arch What `process.arch` is there; another one than here needs an emulator.
 * @throws Error when npm cannot install it.
 */
export function installedNode(major, arch = process.arch) {
  const name = `node-${process.platform.replace('win32', 'win')}-${arch}`;
  // npm refuses packages of another architecture unless forced.
  const home = join(installedPackage(`${name}@${major}`, { flags: ['--force'] }), 'node_modules', name);
  const binary = join(home, 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return { binary, version: JSON.parse(readFileSync(join(home, 'package.json'), 'utf8')).version };
}
