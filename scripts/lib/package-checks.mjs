// @ts-check
// What must hold of every package that is published, told from its manifest and its files.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { publishedPackages } from './pack.mjs';

/** Most that a package's code may weigh, minified by nobody and compressed by gzip; and all of them together. */
export const budgets = { package: 80_000, all: 400_000 };

/** Scripts that npm runs on the machine of whoever installs a package. */
const installScripts = ['preinstall', 'install', 'postinstall', 'prepare'];

/**
 * The size of each package's code, and what is wrong with any.
 *
 * @returns {{ sizes: Record<string, number>, findings: string[] }} Bytes after gzip by name; the findings, a line each.
 */
export function checkPackages() {
  const published = publishedPackages();
  const sizes = Object.fromEntries(
    published.map(({ folder, manifest }) => [manifest.name, codeSize(folder)]),
  );
  const findings = published.flatMap(({ manifest }) => wrongWith(manifest, published[0].manifest.version));
  for (const [name, size] of Object.entries(sizes))
    if (size > budgets.package)
      findings.push(`${name}: ${size} bytes of code; ${budgets.package} are allowed`);
  const all = Object.values(sizes).reduce((sum, size) => sum + size, 0);
  if (all > budgets.all) findings.push(`all packages: ${all} bytes of code; ${budgets.all} are allowed`);
  return { sizes, findings };
}

/** @param {string} folder @returns {number} */
function codeSize(folder) {
  const dist = join(folder, 'dist');
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) =>
    /\.c?js$/.test(file),
  );
  return files.reduce((sum, file) => sum + gzipSync(readFileSync(join(dist, file))).length, 0);
}

/** @param {any} manifest @param {string} version @returns {string[]} */
function wrongWith(manifest, version) {
  const findings = [];
  for (const name of installScripts)
    if (manifest.scripts?.[name] !== undefined)
      findings.push(`has a script \`${name}\`, which runs where it is installed`);
  for (const field of ['description', 'license', 'engines', 'files'])
    if (manifest[field] === undefined) findings.push(`has no \`${field}\``);
  if (manifest.publishConfig?.access !== 'public') findings.push('would be published for its owners alone');
  if (manifest.version !== version) findings.push(`is at ${manifest.version}, another one at ${version}`);
  return findings.map((finding) => `${manifest.name}: ${finding}`);
}
