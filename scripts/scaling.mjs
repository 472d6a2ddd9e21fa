// `npm run bench:scaling`: how a training step would go on more threads than this machine has. `--help` tells more.
import { ensureBuilt } from './lib/build.mjs';
import { bundle, bundleFolder, runBundle } from './lib/bundle.mjs';

if (!ensureBuilt()) process.exit(1);
const folder = bundleFolder('scaling');
await bundle(folder, { main: 'scaling/main.ts', watcher: 'scaling/watcher.ts' });
runBundle(folder);
