import { readFileSync } from 'node:fs';
import v8 from 'node:v8';

/**
 * V8's pass that packs pairs of 128-bit vectors into 256-bit ones stands behind a flag of the whole process. Here is
 * all that is known about it.
 */
const FLAG = 'experimental-wasm-revectorize';

/** The first Node whose V8 has the pass in working order. */
const FIRST_NODE = 22;

/** Whether it was switched on, or off, from here; undefined as long as nobody did. */
let switched: boolean | undefined;

/** V8's flags can be set in Node itself; what else offers its modules may have no V8. */
const isNode = (): boolean =>
  process.release?.name === 'node' && !('Deno' in globalThis) && !('Bun' in globalThis);

/** What keeps this process from wider vectors, in words; undefined where nothing does. */
export function obstacle(): string | undefined {
  if (!isNode()) return 'the flag that brings them can be set in Node only';
  const [major] = process.versions.node.split('.');
  if (Number(major) < FIRST_NODE) return `Node ${major} has none, Node ${FIRST_NODE} and newer do`;
  if (process.arch !== 'x64') return `they are x64's, and this is ${process.arch}`;
  return hasAvx2() ? undefined : 'the processor has no AVX2';
}

let avx2: boolean | undefined;

/** Linux tells. Elsewhere every x64 processor that runs a system of today's has it. */
function hasAvx2(): boolean {
  avx2 ??= process.platform !== 'linux' || /\bavx2\b/.test(processorInformation());
  return avx2;
}

function processorInformation(): string {
  try {
    return readFileSync('/proc/cpuinfo', 'latin1');
  } catch {
    return '';
  }
}

/** Whether the process runs with the pass: started with its flag, or switched on from here. */
export function isSwitchedOn(): boolean {
  if (!isNode()) return false;
  return switched ?? startedWithFlag(process.execArgv);
}

/** V8 takes dashes for underscores, and the last of several settings. */
export function startedWithFlag(flags: readonly string[]): boolean {
  const last = flags.map((flag) => flag.replaceAll('_', '-')).findLast((flag) => flag.endsWith(FLAG));
  return last === `--${FLAG}`;
}

/** Sets the flag for what is compiled from now on, worker threads included. */
export function switchPass(on: boolean): void {
  v8.setFlagsFromString(on ? `--${FLAG}` : `--no-${FLAG}`);
  switched = on;
}
