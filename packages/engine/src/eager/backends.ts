import { EngineError } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Makes `name` TensorFlow.js's backend, for the whole program.
 *
 * @param name A registered backend, `wasm` (loaded on demand when the package `@tensorflow/tfjs-backend-wasm`
 * is installed), or `auto`: the current backend, but where that is the slow `cpu` one, `wasm` if installed.
 * @returns The backend's name.
 * @throws EngineError when the backend is not registered or does not start.
 * @example
 * ```ts
 * import { useBackend } from '@mnist-kit/engine';
 *
 * await useBackend('wasm');
 * ```
 */
export async function useBackend(name: string): Promise<string> {
  await tf.ready();
  if (name === tf.getBackend()) return name;
  if (name === 'auto') {
    if (tf.getBackend() === 'cpu' && (await loadWasm())) await tf.setBackend('wasm').catch(() => false);
    return tf.getBackend();
  }
  if (name === 'wasm') await loadWasm();
  if (tf.findBackendFactory(name) == null)
    throw new EngineError(
      `The TensorFlow.js backend "${name}" is not registered. Import its package first, e.g. "@tensorflow/tfjs-backend-${name}".`,
    );
  if (!(await tf.setBackend(name)))
    throw new EngineError(`The TensorFlow.js backend "${name}" did not start.`);
  return name;
}

/** Loads the wasm backend's package, an optional peer; false where it is not installed. */
async function loadWasm(): Promise<boolean> {
  if (tf.findBackendFactory('wasm') != null) return true;
  try {
    await import('@tensorflow/tfjs-backend-wasm');
    return true;
  } catch {
    return false;
  }
}
