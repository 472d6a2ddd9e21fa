// `npm run test:onnx`: ONNX files of many nets against onnxruntime and the checker of onnx. `--help` tells more.
import { join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { bundle, bundleFolder, runBundle } from './lib/bundle.mjs';
import { installedPackage } from './lib/npm-package.mjs';

if (!ensureBuilt()) process.exit(1);
process.env.ONNXRUNTIME_HOME = join(installedPackage('onnxruntime-node@1.30.0'), 'node_modules');
const folder = bundleFolder('onnx');
await bundle(folder, { main: 'onnx/main.ts' });
runBundle(folder);
