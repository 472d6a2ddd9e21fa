import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { packages } from '../../lib/workspace.mjs';
import { root } from '../programs.js';
import { everyCase, hasChromium, launch, TestServer } from './chromium.js';

/** The page that the guide shows. */
const [, html] = /```html\n([\s\S]*?)```/.exec(readFileSync(join(root, 'docs', 'browser.md'), 'utf8')) ?? [];

describe.runIf(hasChromium && everyCase)('without a bundler', () => {
  let browser: Browser;
  let server: TestServer;

  beforeAll(async () => {
    server = await TestServer.start();
    browser = await launch();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    server?.stop();
  }, 60_000);

  test("the guide's page trains, with modules from node_modules as they are", async () => {
    server.answers.set('/', html);
    const page = await browser.newPage();
    const problems: string[] = [];
    page.on('pageerror', ({ message }) => problems.push(message));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    await page.route('**/node_modules/**', (route) => {
      // What is installed beside the packages in a project lies below them in this repository.
      const { pathname } = new URL(route.request().url());
      const path = ['.', ...packages.map((name: string) => `packages/${name}`)]
        .map((folder) => join(root, folder, pathname))
        .find((file) => existsSync(file));
      if (path === undefined) return route.fulfill({ status: 404, body: '' });
      return route.fulfill({ contentType: 'text/javascript', body: readFileSync(path) });
    });
    await page.goto(server.url, { timeout: 100_000 });
    await expect
      .poll(() => page.textContent('body').catch(() => ''), { timeout: 50_000 })
      .toMatch(/trainLoss|Error/)
      .catch(() => {});
    expect(problems).toEqual([]);
    expect(await page.textContent('body')).toMatch(/"trainLoss":\d\.\d+/);
  }, 180_000);
});
