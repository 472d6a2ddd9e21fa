// @ts-check
// A page as an app has it, bundled by Vite as it comes, opened in a headless browser.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import { launchChromium } from './chromium.mjs';

const require = createRequire(import.meta.url);

/** What a page may do that only runs its own files: the strictest policy that training needs. */
export const STRICT_POLICY =
  "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'; img-src data:; " +
  "base-uri 'none'; form-action 'none'";

/** @typedef {Map<string, string | Uint8Array>} Files Contents by path: `/index.html`. */

/**
 * Bundles the folder of an `index.html` with Vite's own settings.
 *
 * @param {string} folder
 * @returns {Promise<Files>}
 */
export async function bundlePage(folder) {
  // Not a dependency of its own: the one that the tests run on.
  const path = createRequire(require.resolve('vitest/package.json')).resolve('vite');
  const { build } = await import(pathToFileURL(path).href);
  const result = await build({ root: folder, configFile: false, logLevel: 'error', build: { write: false } });
  const { output } = [result].flat()[0];
  /** @type {Files} */
  const files = new Map();
  for (const file of output) files.set(`/${file.fileName}`, file.type === 'chunk' ? file.code : file.source);
  return files;
}

/** @type {Record<string, string>} */
const types = { html: 'text/html', js: 'text/javascript', map: 'application/json' };

/**
 * Serves files on the loopback interface.
 *
 * @param {Files} files
 * @param {{ isolated?: boolean, policy?: string }} options Whether threads may share memory; a Content-Security-Policy.
 * @returns {Promise<{ url: string, stop: () => void }>}
 */
export async function serveFiles(files, { isolated = true, policy } = {}) {
  const server = createServer(({ url = '/' }, response) => {
    if (isolated) {
      response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
      response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    }
    if (policy !== undefined) response.setHeader('Content-Security-Policy', policy);
    const path = url === '/' ? '/index.html' : url.replace(/\?.*/, '');
    const content = files.get(path);
    if (content === undefined) {
      response.writeHead(404).end('no such file');
      return;
    }
    response.setHeader('Content-Type', types[path.split('.').pop() ?? ''] ?? 'application/octet-stream');
    response.end(content);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return {
    url: `http://127.0.0.1:${port}/`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * Opens a page that was bundled in a headless browser. Whatever its console complains of fails it at the end.
 *
 * @template T
 * @param {{ executable: string, files: Files, isolated?: boolean, policy?: string, flags?: readonly string[] }} options
 *   The browser, of Chromium's kin; the page; flags of V8.
 * @param {(page: import('playwright-core').Page, version: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withPage({ executable, files, isolated, policy, flags = [] }, work) {
  const { url, stop } = await serveFiles(files, { isolated, policy });
  let browser;
  try {
    const args = flags.length > 0 ? [`--js-flags=${flags.join(' ')}`] : [];
    browser = await launchChromium({ executable, args });
    const page = await browser.newPage();
    /** @type {string[]} */
    const complaints = [];
    page.on('pageerror', (/** @type {Error} */ error) => complaints.push(error.message));
    page.on('console', (/** @type {import('playwright-core').ConsoleMessage} */ message) => {
      if (['error', 'warning'].includes(message.type())) complaints.push(message.text());
    });
    await page.goto(url);
    const result = await work(page, browser.version());
    if (complaints.length > 0) throw new Error(`The page complains: ${complaints.join('\n')}`);
    return result;
  } finally {
    await browser?.close();
    stop();
  }
}
