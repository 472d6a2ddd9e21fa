// @ts-check
// `npm run test:fuzz`: mutated and generated inputs for every parser of the project. `--help` tells more.
import { rmSync } from 'node:fs';
import { ensureBuilt } from './lib/build.mjs';
import { bundle, bundleFolder, runBundle } from './lib/bundle.mjs';

if (!ensureBuilt()) process.exit(1);
// A folder of its own, for several may run at once.
const folder = bundleFolder('fuzz', `build-${process.pid}`);
await bundle(
  folder,
  { main: 'fuzz/main.ts', child: 'fuzz/child.ts' },
  {
    external: [/^@mnist-kit\/(?!example-)/, /^@tensorflow\//, 'fast-check'],
    // What the example needs and is not found from here.
    noExternal: ['commander', /^@mnist-kit\/example-/],
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
  },
);
runBundle(folder, () => rmSync(folder, { recursive: true, force: true }));
