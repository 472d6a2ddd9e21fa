// Runs the training of recipe.mjs in a headless browser as an app does: a page bundled by Vite, under a strict
// Content-Security-Policy, that trains in a worker by the Trainer.
import { fileURLToPath } from 'node:url';
import { bundlePage, STRICT_POLICY, withPage } from '../lib/vite-page.mjs';

/**
 * @param {string} executable The browser, of Chromium's kin.
 * @param {{ net: string, steps: number, batch: number }[]} runs
 * @param {number[]} threads
 * @param {string[]} flags V8's.
 * @returns {Promise<{ version: string, hashes: { threads: number, sha256: string }[][] }>} Hashes per run.
 */
export async function hashesInBrowser(executable, runs, threads, flags = []) {
  const files = await bundlePage(fileURLToPath(new URL('.', import.meta.url)));
  return withPage({ executable, files, policy: STRICT_POLICY, flags }, async (page, version) => {
    const hashes = runs.map(() => []);
    for (const [i, { net, steps, batch }] of runs.entries())
      for (const count of threads) {
        const run = { net, steps, batch, threads: count };
        hashes[i].push({
          threads: count,
          sha256: await page.evaluate((one) => globalThis.trainedHash(one), run),
        });
      }
    return { version, hashes };
  });
}
