// @ts-check
// Where things are in this repository, and what stands in it.
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Names of the folders under `parent` that hold a package.json, sorted. @param {string} parent */
function packagesUnder(parent) {
  const folder = join(root, parent);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, 'package.json')))
    .sort();
}

/** The published packages. */
export const packages = packagesUnder('packages');

const examples = packagesUnder('examples');

/** Examples that are pages for a browser: Vite builds them when they are asked for. */
export const pages = examples.filter((name) => existsSync(join(root, 'examples', name, 'index.html')));

/** Programs that use the packages: the other examples and the benchmark. They are built without declarations. */
export const programs = [...examples.filter((name) => !pages.includes(name)), 'bench'];

/** `core` -> `packages/core`, `reproduce-notebook` -> `examples/reproduce-notebook`, `bench` -> `bench`. @param {string} name */
export function folderOf(name) {
  if (name === 'bench') return join(root, name);
  return join(root, packages.includes(name) ? 'packages' : 'examples', name);
}
