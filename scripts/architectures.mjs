// @ts-check
// `npm run test:architectures`: random architectures on every executor against PyTorch in float64. `--help` tells more.
import { ensureBuilt } from './lib/build.mjs';
import { bundle, bundleFolder, runBundle } from './lib/bundle.mjs';

if (!ensureBuilt()) process.exit(1);
const folder = bundleFolder('architectures');
await bundle(folder, { main: 'architectures/main.ts' });
runBundle(folder);
