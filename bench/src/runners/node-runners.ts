import { fileURLToPath } from 'node:url';
import type { Engine } from '../sessions/engine.js';
import type { SessionOptions } from '../sessions/make-session.js';
import type { Work } from '../works/work.js';
import type { Runner } from './runner.js';

// Bundled: every module of this program lies in the folder of main.js.
const program = fileURLToPath(new URL('./main.js', import.meta.url));

/** The plan, on one runner per number of threads. */
export function planRunners(threads: readonly number[]): Runner[] {
  return threads.map((count) =>
    nodeRunner(`plan-${count}t`, { name: 'plan', threads: count }, () => undefined),
  );
}

/** This project op by op on TensorFlow.js's backends. */
export function eagerRunners(slow: boolean): Runner[] {
  return [
    nodeRunner('eager-wasm', { name: 'eager', backend: 'wasm' }, ({ kind, batch }) =>
      (kind === 'train-step' && batch <= 128) || kind === 'inference'
        ? undefined
        : 'takes seconds for a step: measured at train-step with batches up to 128 and at inference',
    ),
    nodeRunner('eager-cpu', { name: 'eager', backend: 'cpu' }, (work) => refuseMostly(work, slow)),
  ];
}

/** TensorFlow.js alone. */
export function stockRunners(slow: boolean): Runner[] {
  return [
    nodeRunner('tfjs-wasm', { name: 'tfjs', backend: 'wasm' }, ({ kind }) =>
      kind === 'inference'
        ? undefined
        : 'cannot train convolutions (no kernel for the gradient of the filter): measured at inference',
    ),
    nodeRunner('tfjs-cpu', { name: 'tfjs', backend: 'cpu' }, (work) => refuseMostly(work, slow)),
  ];
}

/** jax-js on its WebAssembly backend, which has one thread in Node. */
export function jaxJsRunner(slow: boolean): Runner {
  return nodeRunner('jax-js-wasm', { name: 'jax-js' }, ({ kind, net, batch }) => {
    if (!slow) return 'takes seconds for a step: left out of a quick run';
    const affordable = (kind === 'train-step' && batch <= 128) || kind === 'inference';
    if (net === 'optimizedNet' && affordable) return undefined;
    return 'takes seconds for a step: measured with optimizedNet at train-step with batches up to 128 and at inference';
  });
}

/** TensorFlow.js's cpu backend needs a minute for a step of 128 images. */
function refuseMostly({ kind, net, batch }: Work, slow: boolean): string | undefined {
  if (!slow) return 'takes many seconds for a step: left out of a quick run';
  if (kind === 'train-step' && net === 'optimizedNet' && batch === 32) return undefined;
  return 'takes many seconds for a step: measured at train-step/optimizedNet/32 only, one step';
}

function nodeRunner(name: string, engine: Engine, refuses: Runner['refuses']): Runner {
  return {
    name,
    isReference: false,
    refuses,
    command: (work, root) => {
      const options: SessionOptions = { work, engine, root };
      return { file: process.execPath, args: [program, '--serve', JSON.stringify(options)] };
    },
  };
}
