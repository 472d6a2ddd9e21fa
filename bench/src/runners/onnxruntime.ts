import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

// Bundled: this program lies in bench/dist.
/** Where `npm run bench -- peers` installs it. */
export const ONNXRUNTIME_FOLDER = fileURLToPath(new URL('../peers/onnxruntime/', import.meta.url));

/** An installed onnxruntime-node. */
export interface OnnxRuntime {
  /** Its main file. */
  readonly entry: string;
  readonly version: string;
}

/** Finds onnxruntime-node from a folder on; for people why there is none. */
export function findOnnxRuntime(folder = ONNXRUNTIME_FOLDER): OnnxRuntime | string {
  const require = createRequire(join(folder, 'package.json'));
  try {
    const { version } = require('onnxruntime-node/package.json') as { version: string };
    return { entry: require.resolve('onnxruntime-node'), version };
  } catch {
    return 'onnxruntime-node is left out: it is not installed (290 MiB). `npm run bench -- peers` installs it.';
  }
}
