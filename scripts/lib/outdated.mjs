// @ts-check
// Tells which packages have to be built again: those whose sources are not what their dist was made from.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles, readStamp, sourceFiles } from './stamps.mjs';
import { folderOf, packages, programs, root } from './workspace.mjs';

/** The entry points of a package, without extension: `./x` is built from `src/x.ts`, `.` from `src/index.ts`. @param {string} name @returns {string[]} */
export function entriesOf(name) {
  if (!packages.includes(name)) return ['main'];
  const { exports } = JSON.parse(readFileSync(join(folderOf(name), 'package.json'), 'utf8'));
  return Object.values(exports)
    .filter((target) => typeof target === 'object')
    .map((target) => target.import.default.replace('./dist/', '').replace(/\.js$/, ''));
}

/**
 * The sources of the files that workers in a browser start from: `src/…/NAME.worker.ts` becomes `dist/NAME.worker.js`,
 * beside the code that starts them.
 *
 * @param {string} name
 * @returns {string[]}
 */
export function workerFilesOf(name) {
  if (!packages.includes(name)) return [];
  return sourceFiles(join(folderOf(name), 'src')).filter((file) => file.endsWith('.worker.ts'));
}

/**
 * The files between which `imports` of a package's package.json chooses by platform, without extension:
 * `"#trainer/platform": { "node": "./dist/node/platform.js", … }` names `node/platform`.
 *
 * @param {string} name
 * @returns {string[]}
 */
export function platformFilesOf(name) {
  const { imports = {} } = JSON.parse(readFileSync(join(folderOf(name), 'package.json'), 'utf8'));
  return Object.values(imports)
    .flatMap((target) => [target.node, target.default])
    .map((file) => file.replace('./dist/', '').replace(/\.js$/, ''));
}

/** What a build of this package depends on, as one hash. @param {string} name */
export function buildFingerprint(name) {
  const folder = folderOf(name);
  return hashFiles([
    // Workers hold what they use of it.
    ...(workerFilesOf(name).length > 0 ? sourceFiles(join(folderOf('core'), 'src')) : []),
    ...sourceFiles(join(folder, 'src')),
    join(folder, 'package.json'),
    join(folder, 'tsconfig.json'),
    join(root, 'tsconfig.base.json'),
    join(root, 'pnpm-lock.yaml'),
    join(root, 'scripts', 'build.mjs'),
    join(root, 'scripts', 'lib', 'entry-files.mjs'),
  ]);
}

/** Names of the packages and programs that are not built, or not from what their sources are now. */
export function outdated() {
  return [...packages, ...programs].filter((name) => {
    const dist = join(folderOf(name), 'dist');
    const files = (/** @type {string} */ entry) =>
      packages.includes(name)
        ? [`${entry}.js`, `${entry}.cjs`, `${entry}.d.ts`, `types/${entry}.d.ts`]
        : [`${entry}.js`];
    const expected = [
      ...entriesOf(name).flatMap(files),
      ...platformFilesOf(name).map((file) => `${file}.js`),
    ];
    const complete = expected.every((file) => existsSync(join(dist, file)));
    return !complete || readStamp(`build-${name}`) !== buildFingerprint(name);
  });
}
