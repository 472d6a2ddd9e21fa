// Runs recipe.mjs in a Worker of a headless browser, on a page that may share memory between threads.
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

const require = createRequire(import.meta.url);
const recipe = fileURLToPath(new URL('./recipe.mjs', import.meta.url));

/** The worker's code: answers a run with its hash. */
async function bundle() {
  // Not a dependency of its own: the one that the build uses.
  const path = createRequire(require.resolve('tsup')).resolve('esbuild');
  const { build } = await import(pathToFileURL(path).href);
  const { outputFiles } = await build({
    stdin: {
      contents: `
        import { trainedHash } from ${JSON.stringify(recipe)};
        self.onmessage = async ({ data }) => {
          try {
            self.postMessage({ sha256: await trainedHash(data) });
          } catch (error) {
            self.postMessage({ error: String(error.stack ?? error) });
          }
        };`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
    },
    bundle: true,
    write: false,
    format: 'iife',
    platform: 'browser',
    // Reached only behind a check for Node; a bundler must be able to leave them out.
    external: ['node:*'],
    logLevel: 'error',
  });
  return outputFiles[0].text;
}

const page = '<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><title>bits</title>';

/** Serves the page and the worker on the loopback interface. */
async function serve(code) {
  const server = createServer(({ url }, response) => {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    const script = url === '/worker.js';
    response.setHeader('Content-Type', script ? 'text/javascript' : 'text/html');
    response.end(script ? code : page);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, url: `http://127.0.0.1:${server.address().port}/` };
}

/**
 * @param {string} executable The browser, of Chromium's kin.
 * @param {{ net: string, steps: number, batch: number }[]} runs
 * @param {number[]} threads
 * @param {string[]} flags V8's.
 * @returns {Promise<{ version: string, hashes: { threads: number, sha256: string }[][] }>} Hashes per run.
 */
export async function hashesInBrowser(executable, runs, threads, flags = []) {
  const { chromium } = require('playwright-core');
  const { server, url } = await serve(await bundle());
  let browser;
  try {
    browser = await chromium.launch({
      executablePath: executable,
      args: [
        ...['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
        ...(flags.length > 0 ? [`--js-flags=${flags.join(' ')}`] : []),
      ],
    });
    const tab = await browser.newPage();
    await tab.goto(url);
    const hashes = runs.map(() => []);
    for (const [i, run] of runs.entries())
      for (const count of threads) {
        const { sha256, error } = await tab.evaluate(inPage, { ...run, threads: count });
        if (error) throw new Error(error);
        hashes[i].push({ threads: count, sha256 });
      }
    return { version: browser.version(), hashes };
  } finally {
    await browser?.close();
    server.closeAllConnections();
    server.close();
  }
}

/** Runs on the page. */
function inPage(options) {
  if (!globalThis.crossOriginIsolated) return { error: 'The page may not share memory' };
  const worker = new Worker('/worker.js');
  return new Promise((resolve) => {
    worker.onmessage = ({ data }) => {
      worker.terminate();
      resolve(data);
    };
    worker.onerror = ({ message }) => resolve({ error: message });
    worker.postMessage(options);
  });
}
