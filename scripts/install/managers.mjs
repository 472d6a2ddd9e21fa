// @ts-check
// The package managers that people use, as programs that any Node can run.
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { installedPackage } from '../lib/from-npm.mjs';
import { root } from '../lib/workspace.mjs';

/**
 * @typedef {object} Manager
 * @property {(node: string) => string} program Path of its program for a major version of Node.
 * @property {(packages: readonly string[]) => string[]} add Arguments that add packages to a project.
 * @property {(url: string, caches: string) => Record<string, string>} files Files that a project needs to use a registry.
 */

const pnpmVersion = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).packageManager.split('@')[1];

/** @type {Record<string, Manager>} */
export const managers = {
  npm: {
    // The one that comes with that Node.
    program: (node) => join(installedPackage('npm', Number(node) < 24 ? '10' : '11'), 'bin', 'npm-cli.js'),
    add: (packages) => ['install', '--no-audit', '--no-fund', ...packages],
    files: (url, caches) => ({ '.npmrc': `registry=${url}\ncache=${join(caches, 'npm')}\n` }),
  },
  pnpm: {
    program: () => join(installedPackage('pnpm', pnpmVersion), 'bin', 'pnpm.mjs'),
    add: (packages) => ['add', ...packages],
    files: (url, caches) => ({
      '.npmrc': `registry=${url}\n`,
      'pnpm-workspace.yaml': `storeDir: ${join(caches, 'pnpm')}\ncacheDir: ${join(caches, 'pnpm-cache')}\npmOnFail: ignore\n`,
    }),
  },
  'yarn 1': {
    program: () => join(installedPackage('yarn', '1'), 'bin', 'yarn.js'),
    add: (packages) => ['add', '--non-interactive', '--network-timeout', '600000', ...packages],
    files: (url, caches) => ({
      '.npmrc': `registry=${url}\n`,
      '.yarnrc': `cache-folder "${join(caches, 'yarn-1')}"\n`,
    }),
  },
  'yarn 4': {
    program: () => join(installedPackage('@yarnpkg/cli-dist', '4'), 'bin', 'yarn.js'),
    add: (packages) => ['add', ...packages],
    files: (url, caches) => ({
      // An empty lock file says that this is a project of its own, whatever lies above it.
      'yarn.lock': '',
      '.yarnrc.yml': JSON.stringify({
        npmRegistryServer: url,
        unsafeHttpWhitelist: ['127.0.0.1'],
        globalFolder: join(caches, 'yarn-4'),
        nodeLinker: 'node-modules',
        // Yarn takes no version that is younger than a day, and these are seconds old.
        npmMinimalAgeGate: 0,
        httpTimeout: 600_000,
        enableTelemetry: false,
        enableImmutableInstalls: false,
      }),
    }),
  },
};

/**
 * Runs a program in a folder.
 *
 * @param {string} folder
 * @param {string} node The Node that runs it, which is also the first one in the PATH.
 * @param {readonly string[]} args The program and its arguments.
 * @returns {Promise<{ code: number, output: string }>} How it ended, and what it wrote.
 */
export function runIn(folder, node, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(node, args, {
      cwd: folder,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...withoutNpm(), PATH: `${dirname(node)}${delimiter}${process.env.PATH}`, CI: '1' },
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code: code ?? 1, output }));
  });
}

/** The environment without the settings that `npm run` puts there for its children. */
function withoutNpm() {
  return Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^npm_|^pnpm_|^yarn_/i.test(name)),
  );
}
