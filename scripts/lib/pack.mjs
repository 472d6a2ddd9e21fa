// @ts-check
// The packages as they are published: packed by pnpm, which writes versions where the workspace is named.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { folderOf, packages, root } from './workspace.mjs';

/** @typedef {{ name: string, folder: string, manifest: any, tarball: string }} Packed */

/**
 * Packs every package of the workspace that is published.
 *
 * @param {string} destination Folder for the tarballs.
 * @returns {Packed[]}
 * @throws Error when pnpm cannot pack.
 */
export function packAll(destination) {
  mkdirSync(destination, { recursive: true });
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const filters = publishedPackages().flatMap(({ manifest }) => ['--filter', manifest.name]);
  const result = spawnSync(
    'npx',
    ['--yes', packageManager, '-r', ...filters, 'pack', '--pack-destination', destination],
    { cwd: root, encoding: 'utf8', shell: process.platform === 'win32' },
  );
  if (result.status !== 0) throw new Error(`pnpm pack failed:\n${result.stdout}${result.stderr}`);
  return publishedPackages().map((one) => {
    const file = `${one.manifest.name.replace('@', '').replace('/', '-')}-${one.manifest.version}.tgz`;
    return { ...one, tarball: join(destination, file) };
  });
}

/** The packages that are not private. */
export function publishedPackages() {
  return packages
    .map((name) => {
      const folder = folderOf(name);
      return { name, folder, manifest: JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) };
    })
    .filter(({ manifest }) => manifest.private !== true);
}
