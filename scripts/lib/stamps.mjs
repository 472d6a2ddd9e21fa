// @ts-check
// A stamp remembers what a finished step was made from. It is written only after the step succeeded, so an
// interrupted install or build is done again.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { root } from './workspace.mjs';

/** Lives under node_modules: whoever deletes that deletes the claims about it too. */
export const cacheFolder = join(root, 'node_modules', '.cache', 'mnist-kit');

/** SHA-256 over the names and contents of `files`; a file that does not exist counts as such. @param {string[]} files */
export function hashFiles(files) {
  const hash = createHash('sha256');
  for (const file of [...files].sort()) {
    let content = null;
    try {
      content = readFileSync(file);
    } catch (error) {
      if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
    }
    hash.update(
      `${relative(root, file).split(sep).join('/')}\0${content === null ? 'absent' : content.length}\0`,
    );
    if (content !== null) hash.update(content);
  }
  return hash.digest('hex');
}

/** Every file under `folder`, without tests and what builds leave behind. @param {string} folder @returns {string[]} */
export function sourceFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    if (entry.name === '__tests__' || entry.name === 'node_modules' || entry.name === 'dist') return [];
    const path = join(folder, entry.name);
    return entry.isDirectory() ? sourceFiles(path) : [path];
  });
}

/** @param {string} name @returns {string | null} */
export function readStamp(name) {
  try {
    return readFileSync(join(cacheFolder, `${name}.stamp`), 'utf8');
  } catch {
    return null;
  }
}

/** @param {string} name @param {string} value */
export function writeStamp(name, value) {
  const file = join(cacheFolder, `${name}.stamp`);
  mkdirSync(dirname(file), { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, value);
  renameSync(temporary, file);
}
