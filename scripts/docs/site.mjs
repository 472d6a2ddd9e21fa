// Writes the pages of the site, the API reference among them, and has VitePress make HTML of them.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build, serve } from 'vitepress';
import { root } from '../lib/workspace.mjs';
import { brokenLinks } from './broken-links.mjs';
import { writePages } from './pages.mjs';

const docs = join(root, 'docs');
const output = join(docs, '.site');
const html = join(output, 'html');

/**
 * @param {{ base: string, keepApi: boolean }} options The path at which the site stands on its host; whether the API
 *   reference of the last build will do.
 * @returns {Promise<string[]>} Everything that is not as it should be, one line each.
 */
export async function buildSite({ base, keepApi }) {
  const pages = join(output, 'pages');
  if (!keepApi) {
    console.log('API reference …');
    rmSync(output, { recursive: true, force: true });
    const typedoc = spawnSync(
      process.execPath,
      [join(root, 'node_modules/typedoc/bin/typedoc'), '--options', join(docs, 'typedoc.json')],
      { cwd: root, encoding: 'utf8' },
    );
    // It ends with an error where it warned, of an export without a docstring among others.
    if (typedoc.status !== 0) return said(typedoc.stdout + typedoc.stderr, 'TypeDoc failed');
  }

  console.log('Guides …');
  writePages(pages);

  console.log('HTML …');
  process.env.NODE_ENV = 'production';
  const warnings = [];
  const { warn } = console;
  console.warn = (...args) => warnings.push(args.join(' '));
  try {
    await build(docs, { base });
  } finally {
    console.warn = warn;
  }
  return [...warnings, ...brokenLinks(html, base)];
}

/** Shows the site on loopback, until the process is ended. */
export async function serveSite(port, base) {
  await serve({ root: docs, base, port, host: '127.0.0.1' });
}

function said(output, otherwise) {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  return lines.length > 0 ? lines : [otherwise];
}
