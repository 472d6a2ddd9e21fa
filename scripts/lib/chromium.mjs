// @ts-check
// The browser that tests and scripts drive: headless, and silent towards the network.
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';

export const chromiumPath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';

/** Whether there is a browser; without one `what` is skipped, and that is said. @param {string} what */
export function findChromium(what) {
  const found = existsSync(chromiumPath);
  if (!found)
    console.warn(`SKIPPED: ${what}, for there is no ${chromiumPath}; CHROMIUM_PATH may name another one.`);
  return found;
}

/**
 * @param {{ executable?: string, args?: readonly string[] }} [options] Another browser of Chromium's kin; further arguments.
 * @returns {Promise<import('playwright-core').Browser>}
 */
export function launchChromium({ executable = chromiumPath, args = [] } = {}) {
  // When it is needed, so that files that only ask for it load without.
  const { chromium } = createRequire(import.meta.url)('playwright-core');
  return chromium.launch({
    executablePath: executable,
    args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking', ...args],
  });
}
