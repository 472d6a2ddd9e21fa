// `npm run test:onnx`: ONNX files of many nets against onnxruntime and the checker of onnx. `--help` tells more.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { bundle, bundleFolder, runBundle } from './lib/bundle.mjs';
import { root } from './lib/workspace.mjs';

// The benchmark's, which is no dependency because it takes some 290 MiB.
process.env.ONNXRUNTIME_HOME = join(root, 'bench', 'peers', 'onnxruntime');
if (!existsSync(join(process.env.ONNXRUNTIME_HOME, 'node_modules', 'onnxruntime-node'))) {
  console.error('onnxruntime-node is not installed; `npm run bench -- peers` installs it.');
  process.exit(2);
}
if (!ensureBuilt()) process.exit(1);
const folder = bundleFolder('onnx');
await bundle(folder, { main: 'onnx/main.ts' });
runBundle(folder);
