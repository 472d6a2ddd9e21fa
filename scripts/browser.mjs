// @ts-check
// `npm run browser`: installs, builds, and serves the page that trains in a browser, on loopback, until Ctrl-C.
//
//   npm run browser                          builds the page and serves it with the headers that a host should send
//   npm run browser -- --port 8080           at another port than 4174
//   npm run browser -- --dev                 Vite's server, which shows changes of the sources at once
//   npm run browser -- --build [--out DIR]   a folder of static files, default examples/browser/dist; serves nothing
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { requireNode } from './lib/node-version.mjs';

requireNode();
const { values: options } = parseArgs({
  options: {
    build: { type: 'boolean', default: false },
    out: { type: 'string' },
    port: { type: 'string', default: '4174' },
    dev: { type: 'boolean', default: false },
  },
});
if (options.out !== undefined && !options.build) usage('--out needs --build', options.out);
if (options.dev && options.build) usage('--dev builds nothing: leave --build out', '--dev --build');
const port = Number(options.port);
if (!Number.isInteger(port) || port < 0 || port > 65_535)
  usage('--port must be from 0 to 65535', options.port);
if (!ensureInstalled() || !ensureBuilt()) process.exit(1);

// Only now is there anything to import.
const { buildPage, developPage, outDir } = await import('./browser/build-page.mjs');
if (options.dev) await developPage(port);
else {
  const folder = options.out === undefined ? outDir : resolve(options.out);
  await buildPage(folder);
  if (options.build) console.log(`The page is in ${folder}. docs/browser.md says what its host should send.`);
  else {
    const { servePage } = await import('./browser/serve-page.mjs');
    const { url } = await servePage(folder, { port });
    console.log(`${url} (Ctrl-C ends it)`);
  }
}

/** @param {string} message @param {string} received */
function usage(message, received) {
  console.error(`${message}. Received: ${received}`);
  process.exit(2);
}
