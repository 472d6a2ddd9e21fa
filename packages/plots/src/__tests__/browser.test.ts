import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { fullReport } from './report-data.js';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const found = existsSync(executablePath);
if (!found)
  console.warn(`No Chromium at ${executablePath}: the tests of the report in a browser are skipped.`);

describe.skipIf(!found)('the report in Chromium', () => {
  let browser: Browser;
  let folder = '';
  let url = '';

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'report-'));
    const file = join(folder, 'report.html');
    await writeFile(file, fullReport());
    url = pathToFileURL(file).href;
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  async function open(width: number, colorScheme: 'light' | 'dark') {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => requests.push(request.url()));
    await page.goto(url, { waitUntil: 'load' });
    return { page, complaints, requests };
  }

  test('opens without complaint or request and fits every width, light and dark', async () => {
    for (const colorScheme of ['light', 'dark'] as const) {
      for (const width of [1280, 700, 390, 320]) {
        const { page, complaints, requests } = await open(width, colorScheme);
        expect(complaints).toEqual([]);
        expect(requests.filter((address) => !address.startsWith('data:'))).toEqual([url]);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(width);
        await page.close();
      }
    }
  });

  test('follows the reader into the dark, plots included, and prints light', async () => {
    const { page } = await open(1280, 'dark');
    const colors = () =>
      page.evaluate(() => [
        getComputedStyle(document.body).backgroundColor,
        getComputedStyle(document.querySelector('svg > rect')!).fill,
        getComputedStyle(document.querySelector('svg text')!).fill,
      ]);
    expect(await colors()).toEqual([
      'rgb(23, 28, 35)',
      'rgb(23, 28, 35)',
      expect.not.stringMatching('rgb(31, 39, 51)'),
    ]);
    await page.emulateMedia({ media: 'print' });
    expect((await colors()).slice(0, 2)).toEqual(['rgb(255, 255, 255)', 'rgb(255, 255, 255)']);
    await page.close();
  });

  test('keeps every text of every plot inside its plot, and legends clear of axis labels', async () => {
    const { page } = await open(1280, 'light');
    const problems = await page.evaluate(() => {
      const found: string[] = [];
      for (const svg of document.querySelectorAll('svg')) {
        const frame = svg.getBoundingClientRect();
        if (frame.width === 0) continue;
        const texts = [...svg.querySelectorAll('text')].map((text) => ({
          box: text.getBoundingClientRect(),
          text: text.textContent,
        }));
        for (const { box, text } of texts) {
          const inside =
            box.left >= frame.left &&
            box.right <= frame.right &&
            box.top >= frame.top &&
            box.bottom <= frame.bottom;
          if (!inside) found.push(`cut: ${text}`);
        }
        for (const [i, a] of texts.entries()) {
          for (const b of texts.slice(i + 1)) {
            const across = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
            const down = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
            if (across > 1 && down > 3) found.push(`overlap: ${a.text} / ${b.text}`);
          }
        }
      }
      return found;
    });
    expect(problems).toEqual([]);
    await page.close();
  });

  test('names every plot and every scrollable part for assistive technology', async () => {
    const { page } = await open(1280, 'light');
    const names = await page.evaluate(() =>
      [...document.querySelectorAll('svg, [tabindex]')].map((element) => {
        const ids = element.getAttribute('aria-labelledby');
        return ids === null
          ? element.getAttribute('aria-label')
          : ids
              .split(' ')
              .map((id) => document.getElementById(id)?.textContent)
              .join(' ');
      }),
    );
    expect(names.length).toBeGreaterThan(8);
    for (const name of names) expect(name).toMatch(/\S/);
    await page.close();
  });
});
