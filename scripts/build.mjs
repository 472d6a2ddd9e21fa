// @ts-check
// Builds packages and programs: declarations by `tsc -b` (which is also the type check), JavaScript by tsup.
//
//   node scripts/build.mjs              everything
//   node scripts/build.mjs core optim   these and, for their declarations, what they refer to
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { build } from 'tsup';
import { writeEntryFiles } from './lib/entry-files.mjs';
import { buildFingerprint, entriesOf, platformFilesOf, workerFilesOf } from './lib/outdated.mjs';
import { writeStamp } from './lib/stamps.mjs';
import { folderOf, packages, programs, root } from './lib/workspace.mjs';

const all = [...packages, ...programs];
const names = process.argv.length > 2 ? process.argv.slice(2) : all;
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`Unknown package ${unknown.join(', ')}. There are: ${all.join(', ')}.`);
  process.exit(2);
}

// Taken before the build, so that a file saved meanwhile makes the stamp stale rather than wrong.
const fingerprints = new Map(names.map((name) => [name, buildFingerprint(name)]));

// Of all: one package's declarations are read through the entries of those that it refers to.
for (const name of packages) writeEntryFiles(join(folderOf(name), 'dist'), entriesOf(name));

const typed = names.filter((name) => packages.includes(name));
if (typed.length > 0) {
  const tsc = spawnSync(
    process.execPath,
    [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...typed.map(folderOf)],
    { stdio: ['ignore', 2, 2] },
  );
  if (tsc.status !== 0) process.exit(tsc.status ?? 1);
}

for (const name of names) {
  const folder = folderOf(name);
  const dist = join(folder, 'dist');
  const started = Date.now();
  await build({
    config: false,
    silent: true,
    entry: Object.fromEntries(
      [...entriesOf(name), ...platformFilesOf(name)].map((file) => [file, join(folder, 'src', `${file}.ts`)]),
    ),
    outDir: dist,
    tsconfig: join(folder, 'tsconfig.json'),
    format: ['esm'],
    target: 'es2022',
    platform: 'neutral',
    sourcemap: true,
    splitting: true,
    clean: false,
    dts: false,
    // `node:fs` tells a bundler what it is; `fs` could be anybody's package.
    removeNodeProtocol: false,
    define: { __PACKAGE_VERSION__: JSON.stringify(versionOf(name)) },
    // What a package imports as `#…` is chosen where the program runs or is bundled: its package.json says by what.
    external: [/^node:/, /^#/, /^@mnist-kit\//, /^@tensorflow\//],
    skipNodeModulesBundle: true,
  });
  await buildWorkers(name, dist);
  removeOlder(dist, started);
  writeStamp(`build-${name}`, /** @type {string} */ (fingerprints.get(name)));
}

/**
 * The files that workers in a browser start from stand alone: where there is no bundler, import maps, which say where
 * packages are, do not hold in workers.
 *
 * @param {string} name
 * @param {string} dist
 */
async function buildWorkers(name, dist) {
  const files = workerFilesOf(name);
  if (files.length === 0) return;
  await build({
    config: false,
    silent: true,
    entry: Object.fromEntries(files.map((file) => [basename(file, '.ts'), file])),
    outDir: dist,
    tsconfig: join(folderOf(name), 'tsconfig.json'),
    format: ['esm'],
    target: 'es2022',
    platform: 'browser',
    sourcemap: true,
    splitting: false,
    clean: false,
    dts: false,
    noExternal: [/^@mnist-kit\/core$/],
    esbuildOptions: (options) => {
      options.alias = { '@mnist-kit/core': join(folderOf('core'), 'src', 'index.ts') };
    },
  });
}

/** @param {string} name @returns {string} */
function versionOf(name) {
  return JSON.parse(readFileSync(join(folderOf(name), 'package.json'), 'utf8')).version ?? '';
}

/**
 * Chunks carry a hash in their name: those of earlier builds would pile up and be published.
 *
 * @param {string} dist
 * @param {number} started
 */
function removeOlder(dist, started) {
  for (const file of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    const path = join(dist, file);
    // Two seconds of slack: some file systems keep whole seconds only.
    if (/\.js(\.map)?$/.test(file) && statSync(path).mtimeMs < started - 2000) rmSync(path);
  }
}
