// @ts-check
// Programs as they stand in the documentation.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './workspace.mjs';

/**
 * The TypeScript blocks of a page, in their order.
 *
 * @param {string} page Path of the page in the repository.
 * @returns {string[]}
 */
export function typeScriptBlocks(page) {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map((match) => match[1]);
}

/**
 * `text` with each of the replacements made.
 *
 * @param {string} text
 * @param {readonly (readonly [string, string])[]} replacements
 * @returns {string}
 * @throws Error when one does not fit exactly once.
 */
export function replaceOnce(text, replacements) {
  return replacements.reduce((changed, [from, to]) => {
    if (changed.split(from).length !== 2) throw new Error(`The program must hold ${from} exactly once`);
    return changed.replace(from, () => to);
  }, text);
}

/** The first program of the README, cut down to one epoch of ten batches: the other images go to a third subset. */
export function firstProgram() {
  return replaceOnce(typeScriptBlocks('README.md')[0], [
    ['epochs: 20', 'epochs: 1'],
    ['[50_000, 10_000]', '[1_280, 512, 58_208]'],
  ]);
}
