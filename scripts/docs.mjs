// `npm run docs`: the documentation site, guides and API reference, in docs/.site/html. Needs nothing built.
//
//   npm run docs                         installs what is missing, and writes the site; any warning fails it
//   npm run docs -- --serve [--port N]   shows it afterwards on loopback, until Ctrl-C
//   npm run docs -- --keep-api           leaves the API reference as it was: for work on the guides
//   npm run docs -- --base /mnist-kit/   for a site that does not stand at the root of its host
import { parseArgs } from 'node:util';
import { ensureInstalled } from './lib/install.mjs';
import { requireNode } from './lib/node-version.mjs';

requireNode();
const { values: options } = parseArgs({
  options: {
    serve: { type: 'boolean', default: false },
    port: { type: 'string', default: '4173' },
    'keep-api': { type: 'boolean', default: false },
    base: { type: 'string', default: '/' },
  },
});
if (!ensureInstalled()) process.exit(1);

// Only now is there anything to import.
const { buildSite, serveSite } = await import('./docs/site.mjs');
const warnings = await buildSite({ base: options.base, keepApi: options['keep-api'] });
for (const warning of warnings) console.error(warning);
console.log(`${warnings.length} warnings`);
if (warnings.length > 0) process.exit(1);
if (options.serve) await serveSite(Number(options.port), options.base);
