import { EngineError } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';

/**
 * Makes `name` TensorFlow.js's backend, for the whole program.
 *
 * @param name A registered backend; `cpu`, which is always there; `wasm`, loaded on demand when the package
 * `@tensorflow/tfjs-backend-wasm` is installed; or `auto`: the current backend, but where that is the slow `cpu` one,
 * `wasm` if installed.
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
  await ensureBackend();
  if (name === tf.getBackend()) return name;
  if (name === 'auto') {
    if (tf.getBackend() === 'cpu' && (await loadWasm())) await start('wasm');
    return tf.getBackend();
  }
  if (name === 'wasm') await loadWasm();
  if (name === 'cpu') await loadCpu();
  if (tf.findBackendFactory(name) == null)
    throw new EngineError(
      `The TensorFlow.js backend "${name}" is not registered. Import its package first, e.g. "@tensorflow/tfjs-backend-${name}".`,
    );
  if (!(await start(name))) throw new EngineError(`The TensorFlow.js backend "${name}" did not start.`);
  return name;
}

/** Makes a backend current; where it does not start the one before stays. */
async function start(name: string): Promise<boolean> {
  const before = tf.getBackend();
  const started = await tf.setBackend(name).catch(() => false);
  // TensorFlow.js takes the new name on before it knows whether the backend starts.
  if (!started) await tf.setBackend(before);
  return started;
}

/** TensorFlow.js holds no tensor without a backend: its plain JavaScript one, which always works, where no other is. */
export async function ensureBackend(): Promise<void> {
  if (Object.keys(tf.engine().registryFactory).length === 0) await loadCpu();
  await tf.ready();
}

async function loadCpu(): Promise<void> {
  if (tf.findBackendFactory('cpu') == null) await import('@tensorflow/tfjs-backend-cpu');
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
