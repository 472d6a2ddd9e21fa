// @ts-check
// The page of examples/browser, by Vite.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { root } from '../lib/workspace.mjs';

const page = join(root, 'examples', 'browser');
/** Where the page is built when nothing else is said. */
export const outDir = join(page, 'dist');

/**
 * What of Vite is used.
 *
 * @typedef {{ listen(): Promise<unknown>, printUrls(): void }} Server
 * @typedef {{ build(options: object): Promise<unknown>, createServer(options: object): Promise<Server> }} Vite
 */

/** The page's own Vite. @returns {Promise<Vite>} */
async function vite() {
  return import(pathToFileURL(createRequire(join(page, 'package.json')).resolve('vite')).href);
}

/** @param {string} folder Replaced as a whole. */
export async function buildPage(folder) {
  const { build } = await vite();
  await build({ root: page, logLevel: 'warn', build: { outDir: folder, emptyOutDir: true } });
}

/** Vite's own server. @param {number} port */
export async function developPage(port) {
  const { createServer } = await vite();
  const server = await createServer({ root: page, server: { port } });
  await server.listen();
  server.printUrls();
}
