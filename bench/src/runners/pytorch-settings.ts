import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Work } from '../works/work.js';

/** What a careful user of PyTorch on a CPU can choose without changing what is computed. */
export interface PyTorchSettings {
  readonly format: 'nchw' | 'channels-last';
  /** `glibc` keeps freed memory by its own variables; `installed` gives it back to the system. */
  readonly allocator: 'installed' | 'glibc' | 'tcmalloc' | 'jemalloc';
  /** Debian's PyTorch is linked to GNU's OpenMP; `bound` keeps its threads on their cores. */
  readonly openmp: 'gnu' | 'bound' | 'llvm';
  /** PyTorch's own kernels leave AVX-512 alone unless they are told; oneDNN's do not. */
  readonly kernels: 'default' | 'avx512';
  /** Adam over one parameter after the other, or over lists of them. */
  readonly adam: 'loop' | 'foreach';
  /** Inference: the module as it is, or traced, frozen and optimised, batch norms folded in. */
  readonly graph: 'eager' | 'traced';
  /** Processes of the loader in an epoch. */
  readonly workers: 1 | 2;
}

/** A plain, careful run: what the tuning guide says of memory, and nothing else. */
export const PLAIN: PyTorchSettings = {
  format: 'channels-last',
  allocator: 'glibc',
  openmp: 'gnu',
  kernels: 'default',
  adam: 'loop',
  graph: 'eager',
  workers: 1,
};

/** One setting and the values that are tried for it. */
export type Choice = {
  [Name in keyof PyTorchSettings]: { readonly name: Name; readonly values: readonly PyTorchSettings[Name][] };
}[keyof PyTorchSettings];

const FOLDERS = ['/usr/lib/x86_64-linux-gnu', '/usr/lib/aarch64-linux-gnu', '/usr/lib64', '/usr/lib'];

/** Libraries that are loaded before others, each by the names that it goes by. */
const LIBRARIES = {
  tcmalloc: ['libtcmalloc.so.4', 'libtcmalloc_minimal.so.4'],
  jemalloc: ['libjemalloc.so.2'],
  llvm: ['libomp.so.5', 'libiomp5.so'],
} as const;

/** Where a library lies; undefined where it is not installed. */
function find(library: keyof typeof LIBRARIES): string | undefined {
  return LIBRARIES[library]
    .flatMap((name) => FOLDERS.map((folder) => join(folder, name)))
    .find((path) => existsSync(path));
}

/** What is tried at a work on this machine, in this order; the first value of each is the plain one. */
export function choicesFor({ kind }: Work): Choice[] {
  const installed = <T extends keyof typeof LIBRARIES>(...libraries: T[]) =>
    libraries.filter((library) => find(library) !== undefined);
  const x64 = process.arch === 'x64';
  const choices: Choice[] = [
    { name: 'format', values: ['channels-last', 'nchw'] },
    ...(kind === 'inference'
      ? [{ name: 'graph', values: ['eager', 'traced'] } as const]
      : [{ name: 'adam', values: ['loop', 'foreach'] } as const]),
    { name: 'allocator', values: ['glibc', ...installed('tcmalloc', 'jemalloc')] },
    { name: 'openmp', values: ['gnu', 'bound', ...installed('llvm')] },
    ...(x64 ? [{ name: 'kernels', values: ['default', 'avx512'] } as const] : []),
    ...(kind === 'epoch' ? [{ name: 'workers', values: [1, 2] } as const] : []),
  ];
  return choices;
}

/**
 * The environment that makes PyTorch run so. Values are those of PyTorch's Performance Tuning Guide, "CPU specific
 * optimizations", where it names any; `KMP_*` variables mean something to LLVM's and Intel's OpenMP only.
 */
export function environmentOf({ allocator, openmp, kernels }: PyTorchSettings): Record<string, string> {
  const preload = [
    allocator === 'tcmalloc' || allocator === 'jemalloc' ? find(allocator) : undefined,
    openmp === 'llvm' ? find('llvm') : undefined,
  ].filter((path) => path !== undefined);
  return {
    ...(allocator === 'glibc' && {
      MALLOC_TRIM_THRESHOLD_: '4000000000',
      MALLOC_MMAP_THRESHOLD_: '4000000000',
    }),
    ...(allocator === 'jemalloc' && {
      MALLOC_CONF:
        'oversize_threshold:1,background_thread:true,metadata_thp:auto,dirty_decay_ms:-1,muzzy_decay_ms:-1',
    }),
    ...(openmp === 'bound' && { OMP_SCHEDULE: 'STATIC', OMP_PROC_BIND: 'CLOSE', OMP_PLACES: 'cores' }),
    ...(openmp === 'llvm' && { KMP_AFFINITY: 'granularity=fine,compact,1,0', KMP_BLOCKTIME: '1' }),
    ...(kernels === 'avx512' && { ATEN_CPU_CAPABILITY: 'avx512' }),
    ...(preload.length > 0 && { LD_PRELOAD: preload.join(':') }),
  };
}

/** The settings that differ from `PLAIN`, for people: `nchw, jemalloc`. */
export function describeSettings(settings: PyTorchSettings): string {
  const names = Object.keys(PLAIN) as (keyof PyTorchSettings)[];
  const changed = names.filter((name) => name === 'format' || settings[name] !== PLAIN[name]);
  return changed
    .map((name) => (name === 'workers' ? `${settings.workers} loader processes` : settings[name]))
    .join(', ');
}
