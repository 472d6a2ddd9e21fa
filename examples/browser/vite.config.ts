import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { mnistFiles } from './build/mnist-files.js';
import { precache } from './build/precache.js';

const file = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** A page that works at any path of any host. */
export default defineConfig({
  base: './',
  plugins: [mnistFiles(), precache()],
  oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
  build: {
    target: 'es2022',
    outDir: 'dist',
    emptyOutDir: true,
    // It would be a script of the page's own text, which a strict policy forbids; the browsers that are meant have it.
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0,
    rolldownOptions: {
      // What one worker loads late another one needs at once; and how long plugins take is nobody's mistake.
      checks: { ineffectiveDynamicImport: false, pluginTimings: false },
      input: { page: file('index.html'), 'service-worker': file('src/service-worker.ts') },
      output: {
        // A service worker has one name for ever.
        entryFileNames: ({ name }) => (name === 'service-worker' ? '[name].js' : 'assets/[name]-[hash].js'),
      },
    },
  },
  worker: { format: 'es' },
  server: {
    host: '127.0.0.1',
    headers: {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    },
  },
});
