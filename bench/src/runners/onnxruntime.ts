import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

/** Where `npm run bench -- peers` installs it. */
export const ONNXRUNTIME_FOLDER = fileURLToPath(new URL('../peers/onnxruntime/', import.meta.url));

/** An installed onnxruntime-node. */
export interface OnnxRuntime {
  /** Its main file. */
  readonly entry: string;
  readonly version: string;
}

/** Finds onnxruntime-node; for people why there is none. */
export function findOnnxRuntime(): OnnxRuntime | string {
  const require = createRequire(new URL('package.json', `file://${ONNXRUNTIME_FOLDER}`));
  try {
    const { version } = require('onnxruntime-node/package.json') as { version: string };
    return { entry: require.resolve('onnxruntime-node'), version };
  } catch {
    return 'onnxruntime-node is left out: it is not installed (290 MiB). `npm run bench -- peers` installs it.';
  }
}
