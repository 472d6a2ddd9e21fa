import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { POLICY, servePage } from '../../../../scripts/browser/serve-page.mjs';
import { findChromium, launchChromium } from '../../../../scripts/lib/chromium.mjs';

/** Whether there is a browser, and it is asked for: these tests train on all of MNIST. */
export const inBrowser = findChromium('tests of the page') && process.env.BROWSER === 'all';

/** The page as `npm run browser -- --build` makes it, in a folder of its own. */
export class BuiltPage {
  /** `PAGE` may name a folder with one that is built already. */
  readonly folder = process.env.PAGE ?? mkdtempSync(join(tmpdir(), 'mnist-kit-page-'));
  #browser: Browser | undefined;
  readonly #closing: (() => Promise<unknown>)[] = [];

  async build(): Promise<void> {
    if (process.env.PAGE !== undefined) return;
    const script = fileURLToPath(new URL('../../../../scripts/browser.mjs', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [script, '--build', '--out', this.folder], {
      encoding: 'utf8',
      // Vite's own mode, and not that of the tests.
      env: { ...process.env, NODE_ENV: 'production', VITEST: undefined },
    });
    if (status !== 0) throw new Error(`The page was not built:\n${stderr}`);
  }

  /** Serves the folder as a host does, under a policy that allows nothing but its own files. */
  async serve(options: { isolated?: boolean; base?: string } = {}): Promise<string> {
    const { url, close } = await servePage(this.folder, { policy: POLICY, ...options });
    this.#closing.push(close);
    return url;
  }

  /** A visitor of their own, with nothing stored. */
  async visitor(options: BrowserContextOptions = {}): Promise<Visitor> {
    this.#browser ??= await launchChromium();
    const context = await this.#browser.newContext({ viewport: { width: 1360, height: 900 }, ...options });
    return new Visitor(context, await context.newPage());
  }

  async close(): Promise<void> {
    await this.#browser?.close();
    for (const close of this.#closing) await close();
    if (process.env.PAGE === undefined) rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Somebody who looks at the page. */
export class Visitor {
  readonly context: BrowserContext;
  readonly page: Page;
  /** Whatever the browser complained of. */
  readonly complaints: string[] = [];

  constructor(context: BrowserContext, page: Page) {
    this.context = context;
    this.page = page;
    page.on('console', (message) => {
      if (['error', 'warning'].includes(message.type())) this.complaints.push(message.text());
    });
    page.on('pageerror', (error) => this.complaints.push(String(error)));
  }

  /** What stands beside the button of a run. */
  async status(run = 'a'): Promise<string> {
    return (await this.page.getByTestId(`status-${run}`).textContent()) ?? '';
  }

  async press(run = 'a'): Promise<void> {
    await this.page.getByTestId(`main-${run}`).click();
  }

  /** Waits until the status of a run says something. */
  async waitFor(text: RegExp, run = 'a', seconds = 120): Promise<void> {
    const status = this.page.getByTestId(`status-${run}`);
    await status.filter({ hasText: text }).waitFor({ timeout: seconds * 1000 });
  }

  /** A figure of a run, as it is shown. */
  async figure(name: string, run = 'a'): Promise<string> {
    const entry = this.page.getByTestId(`figures-${run}`).locator('div').filter({ hasText: name }).first();
    return (await entry.locator('.value').textContent()) ?? '';
  }

  /** Draws strokes with the mouse; points are fractions of the pad. */
  async draw(strokes: readonly (readonly (readonly [number, number])[])[]): Promise<void> {
    const pad = this.page.locator('canvas.pad');
    await pad.scrollIntoViewIfNeeded();
    const box = await pad.boundingBox();
    if (box === null) throw new Error('There is no pad.');
    const at = ([x, y]: readonly [number, number]) =>
      [box.x + x * box.width, box.y + y * box.height] as const;
    for (const [first, ...rest] of strokes) {
      await this.page.mouse.move(...at(first));
      await this.page.mouse.down();
      for (const point of rest) await this.page.mouse.move(...at(point), { steps: 4 });
      await this.page.mouse.up();
    }
  }

  /** SHA-256 of the last weights of a run, from the browser's own file system. */
  weightsHash(run = 'a'): Promise<string> {
    return this.page.evaluate(async (id) => {
      const { folder } = JSON.parse(localStorage.getItem(`mnist-kit:run:${id}`) ?? '{}') as {
        folder: string;
      };
      const [parent, name] = folder.split('/');
      const root = await navigator.storage.getDirectory();
      const runs = await (await root.getDirectoryHandle(parent)).getDirectoryHandle(name);
      const file = await (await runs.getFileHandle('last.safetensors')).getFile();
      const digest = await crypto.subtle.digest('SHA-256', await file.arrayBuffer());
      return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    }, run);
  }
}
