import { fileURLToPath } from 'node:url';
import type { Engine } from '../sessions/engine.js';
import type { SessionOptions } from '../sessions/make-session.js';
import { nameOf, type Work } from '../works/work.js';
import type { OnnxRuntime } from './onnxruntime.js';
import type { Peer, Runner } from './runner.js';
import { flagsFor, type Runtime, type Vectors } from './runtimes.js';

// Bundled: every module of this program lies in the folder of main.js.
const program = fileURLToPath(new URL('./main.js', import.meta.url));

/** How the plan is run: on which Node, with vectors of how many bits, on how many threads. */
export interface PlanVariants {
  readonly runtimes: readonly Runtime[];
  readonly vectors: readonly Vectors[];
  readonly threads: readonly number[];
}

/**
 * The plan, on one runner per runtime, width of vectors and number of threads: `plan-2t`, and `plan-2t-node24-128`
 * where there is more than one of each.
 */
export function planRunners({ runtimes, vectors, threads }: PlanVariants): Runner[] {
  return runtimes.flatMap((runtime) =>
    vectors.flatMap((width) =>
      threads.map((count) => {
        const suffix = `${runtime.name === '' ? '' : `-${runtime.name}`}${width === 'auto' ? '' : `-${width}`}`;
        const flags = flagsFor(runtime, width);
        return nodeRunner(`plan-${count}t${suffix}`, {
          ...{ engine: { name: 'plan', threads: count, vectors: width }, threads: count },
          ...{ node: runtime.file, flags: flags ?? [] },
          refuses: () =>
            flags === undefined
              ? `cannot: Node ${runtime.version} has no pass that widens vectors`
              : undefined,
        });
      }),
    ),
  );
}

/** This project op by op on TensorFlow.js's backends. */
export function eagerRunners(slow: boolean): Runner[] {
  return [
    nodeRunner('eager-wasm', {
      engine: { name: 'eager', backend: 'wasm' },
      refuses: ({ kind, batch }) =>
        (kind === 'train-step' && batch <= 128) || kind === 'inference'
          ? undefined
          : 'takes seconds for a step: measured at train-step with batches up to 128 and at inference',
    }),
    nodeRunner('eager-cpu', {
      engine: { name: 'eager', backend: 'cpu' },
      refuses: (work) => refuseMostly(work, slow),
    }),
  ];
}

/** TensorFlow.js alone. */
export function stockRunners(slow: boolean): Runner[] {
  return [
    nodeRunner('tfjs-wasm', {
      engine: { name: 'tfjs', backend: 'wasm' },
      refuses: ({ kind }) =>
        kind === 'inference'
          ? undefined
          : 'cannot train convolutions (no kernel for the gradient of the filter): measured at inference',
    }),
    nodeRunner('tfjs-cpu', {
      engine: { name: 'tfjs', backend: 'cpu' },
      refuses: (work) => refuseMostly(work, slow),
    }),
  ];
}

/** jax-js on its WebAssembly backend, which has one thread in Node. */
export function jaxJsRunner(slow: boolean): Runner {
  return nodeRunner('jax-js-wasm', {
    engine: { name: 'jax-js' },
    refuses: ({ kind, net, batch }) => {
      if (!slow) return 'takes seconds for a step: left out of a quick run';
      const affordable = (kind === 'train-step' && batch <= 128) || kind === 'inference';
      if (net === 'optimizedNet' && affordable) return undefined;
      return 'takes seconds for a step: measured with optimizedNet at train-step with batches up to 128 and at inference';
    },
  });
}

/** onnxruntime-node, which runs models and trains none, from the file that our model is exported to. */
export function onnxRuntimeRunners({ entry }: OnnxRuntime, threads: readonly number[]): Runner[] {
  return threads.map((count) =>
    nodeRunner(`onnxruntime-${count}t`, {
      engine: { name: 'onnxruntime', entry, threads: count },
      ...{ reference: 'onnxruntime', threads: count },
      refuses: ({ kind }) => (kind === 'inference' ? undefined : 'only runs models: measured at inference'),
    }),
  );
}

/** TensorFlow.js's cpu backend needs a minute for a step of 128 images. */
function refuseMostly(work: Work, slow: boolean): string | undefined {
  if (!slow) return 'takes many seconds for a step: left out of a quick run';
  if (nameOf(work) === 'train-step/optimizedNet/32') return undefined;
  return 'takes many seconds for a step: measured at train-step/optimizedNet/32 only, one step';
}

interface NodeRunnerOptions {
  readonly engine: Engine;
  readonly refuses: Runner['refuses'];
  readonly reference?: Peer;
  readonly threads?: number;
  /** The Node to run it. Default: this one. */
  readonly node?: string;
  readonly flags?: readonly string[];
}

function nodeRunner(name: string, options: NodeRunnerOptions): Runner {
  const { engine, refuses, reference, threads = 1, node = process.execPath, flags = [] } = options;
  return {
    ...{ name, reference, threads, refuses },
    command: (work, root) => {
      const session: SessionOptions = { work, engine, root };
      return { file: node, args: [...flags, program, '--serve', JSON.stringify(session)] };
    },
  };
}
