// @ts-check
// The files by which CommonJS and ES modules meet one copy of the code and one copy of its types.
//
// A package's code is an ES module. For `require` there is `dist/index.cjs`, one line that requires that module,
// as Node can since 20.19. Types have a kind too: TypeScript lets CommonJS code refer to declarations of an ES
// module only in its newest modes, but lets ES modules refer to any. So the declarations lie in `dist/types`,
// which says of itself that it is CommonJS, and `dist/index.d.ts` hands them on to ES modules. Two copies would be
// two types: a class with private fields is not assignable to its own copy.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} dist A package's dist folder.
 * @param {string[]} entries Its entry points, without extension.
 */
export function writeEntryFiles(dist, entries) {
  mkdirSync(join(dist, 'types'), { recursive: true });
  writeIfChanged(join(dist, 'types', 'package.json'), '{ "type": "commonjs" }\n');
  for (const entry of entries) {
    writeIfChanged(join(dist, `${entry}.d.ts`), `export * from './types/${entry}.js';\n`);
    writeIfChanged(join(dist, `${entry}.cjs`), `module.exports = require('./${entry}.js');\n`);
  }
}

/** A file that is written anew looks to the compiler as if it had changed. @param {string} path @param {string} content */
function writeIfChanged(path, content) {
  try {
    if (readFileSync(path, 'utf8') === content) return;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'ENOENT') throw error;
  }
  writeFileSync(path, content);
}
