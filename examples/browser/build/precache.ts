import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

const WORKER = 'service-worker.js';

/** Tells the service worker which files there are, and a version that changes with any of them. */
export function precache(): Plugin {
  let publicDir = '';
  return {
    name: 'precache',
    enforce: 'post',
    configResolved(config) {
      publicDir = config.publicDir;
    },
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        const hash = createHash('sha256');
        const add = (name: string, content: string | Uint8Array) => hash.update(`${name}\0`).update(content);
        const paths: string[] = [];
        for (const [name, output] of Object.entries(bundle)) {
          if (name === WORKER || name.endsWith('.map')) continue;
          paths.push(name);
          add(name, output.type === 'chunk' ? output.code : output.source);
        }
        const open = existsSync(publicDir) ? readdirSync(publicDir) : [];
        for (const name of open) {
          paths.push(name);
          add(name, readFileSync(join(publicDir, name)));
        }
        // The page itself is asked for by its folder.
        const files = {
          version: hash.digest('hex').slice(0, 16),
          paths: paths.map((name) => (name === 'index.html' ? './' : name)).sort(),
        };
        const worker = bundle[WORKER];
        if (worker?.type !== 'chunk' || !worker.code.includes('__FILES__'))
          this.error(`${WORKER} has no place for the list of files`);
        else worker.code = worker.code.replace('__FILES__', () => JSON.stringify(files));
      },
    },
  };
}
