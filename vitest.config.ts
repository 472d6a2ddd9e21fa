import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { configDefaults, defineConfig } from 'vitest/config';

const tests = [
  'packages/*/src/**/__tests__/**/*.test.ts',
  'examples/**/__tests__/**/*.test.ts',
  'bench/**/__tests__/**/*.test.ts',
  'scripts/__tests__/**/*.test.ts',
];

/**
 * Tests of functions that leave nothing behind: they share processes, in which TensorFlow.js is loaded once, where
 * loading it takes longer than most of them.
 */
const light =
  'packages/{core,datasets,engine,layers,losses,models,onnx,optim,plots}/src/**/__tests__/**/*.test.ts';

/** Those that need modules of their own, set a backend for the whole process, or keep all threads busy for long. */
const standalone = [
  'standalone',
  ...['backends', 'eager-executor', 'eager-training', 'eager-wasm-kernels', 'lifecycle', 'targets'],
  ...['plan-bits', 'plan-threads', 'plan-training'],
].map((name) => `packages/**/__tests__/**/${name}.test.ts`);

export default defineConfig({
  // Of Vite, which warns of each file whose source map names sources that were not published.
  logLevel: 'error',
  resolve: {
    // Tests import packages by their public names and get what users get: the built files.
    alias: [
      {
        find: /^@mnist-kit\/([a-z]+)$/,
        replacement: fileURLToPath(new URL('./packages/$1/dist/index.js', import.meta.url)),
      },
      {
        find: /^@mnist-kit\/([a-z]+)\/([a-z]+)$/,
        replacement: fileURLToPath(new URL('./packages/$1/dist/$2.js', import.meta.url)),
      },
    ],
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          ...{ name: 'light', include: [light], isolate: false },
          exclude: [...configDefaults.exclude, ...standalone],
        },
      },
      {
        extends: true,
        test: { name: 'isolated', include: tests, exclude: [...configDefaults.exclude, light] },
      },
    ],
    server: {
      deps: {
        external: [/packages\/[a-z]+\/dist\//],
        // It imports JSON in a way that Node does not take.
        inline: [/@actions\//],
      },
    },
    pool: 'forks',
    // Vitest itself leaves a core free; many tests wait for processes of their own, and leave one free as well.
    maxWorkers: availableParallelism() + 1,
    testTimeout: 60_000,
  },
});
