// @ts-check
// `npm run test:chaos`: random trainings in processes that are killed, starved and robbed. `--help` tells more.
import { ensureBuilt } from './lib/build.mjs';
import { bundle, bundleFolder, runBundle } from './lib/bundle.mjs';

if (!ensureBuilt()) process.exit(1);
const folder = bundleFolder('chaos');
await bundle(folder, { main: 'chaos/main.ts' });
runBundle(folder);
