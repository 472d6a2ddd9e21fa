import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
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
    include: [
      'packages/*/src/**/__tests__/**/*.test.ts',
      'examples/**/__tests__/**/*.test.ts',
      'bench/**/__tests__/**/*.test.ts',
      'scripts/__tests__/**/*.test.ts',
    ],
    server: {
      deps: {
        external: [/packages\/[a-z]+\/dist\//],
        // It imports JSON in a way that Node does not take.
        inline: [/@actions\//],
      },
    },
    pool: 'forks',
    // Vitest itself leaves a core free; many tests wait for processes of their own.
    maxWorkers: availableParallelism(),
    testTimeout: 60_000,
  },
});
