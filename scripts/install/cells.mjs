// @ts-check
// What is tried in a project into which the packages were installed.
import { join } from 'node:path';
import { runIn } from './managers.mjs';
import { modes } from './project.mjs';

/**
 * @typedef {object} Project
 * @property {string} folder
 * @property {string} node Path of the Node that runs its programs.
 * @property {Record<string, string>} bins Programs of the packages, relative to `node_modules`.
 */

/** @param {Project} project @param {readonly string[]} args @param {RegExp} expected What it must print. */
async function prints({ folder, node }, args, expected) {
  const { code, output } = await runIn(folder, node, args);
  if (code !== 0 || !expected.test(output))
    throw new Error(`node ${args.join(' ')} ended with ${code}:\n${output}`);
}

/** @param {string} compiler */
const tsc = (compiler) => join('node_modules', compiler, 'bin', 'tsc');

/** @param {string} compiler Folder of TypeScript in node_modules. @returns {(project: Project) => Promise<void>} */
const typeChecks = (compiler) => async (project) => {
  for (const mode of Object.keys(modes))
    await prints(project, [tsc(compiler), '-p', `tsconfig.${mode}.json`], /^$/);
};

/**
 * Reads every declaration, as without `skipLibCheck`: those of TensorFlow.js do not pass, ours do.
 *
 * @param {Project} project
 */
export async function declarationsPass({ folder, node }) {
  for (const compiler of ['typescript-oldest', 'typescript-newest']) {
    const args = ['-p', 'tsconfig.nodenext.json', '--skipLibCheck', 'false', '--pretty', 'false'];
    const { output } = await runIn(folder, node, [tsc(compiler), ...args]);
    const ours = output
      .split('\n')
      .filter((line) => /@mnist-kit|^[\w.]+\(/.test(line) && /error TS/.test(line));
    if (ours.length > 0) throw new Error(`${compiler}, without skipLibCheck:\n${ours.join('\n')}`);
  }
}

/** Every way of using the packages. A way that fails throws. @type {Record<string, (project: Project) => Promise<void>>} */
export const cells = {
  'ES modules': (project) => prints(project, ['first.mjs'], /testAccuracy: 0\.\d+/),
  CommonJS: (project) => prints(project, ['required.cjs'], /^trained$/m),
  programs: async (project) => {
    for (const file of Object.values(project.bins))
      await prints(project, [join('node_modules', file), '--help'], /usage/i);
  },
  'TypeScript 5.4': typeChecks('typescript-oldest'),
  'TypeScript newest': typeChecks('typescript-newest'),
};
