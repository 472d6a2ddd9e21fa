import { execFile } from 'node:child_process';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import { InvalidArgumentError } from '@mnist-kit/core';

const run = promisify(execFile);

/** V8's pass that packs pairs of 128-bit vector operations into 256-bit ones. */
const WIDEN = '--experimental-wasm-revectorize';

/** Bits of a vector: `auto` is what this project's own programs take. */
export type Vectors = 'auto' | 128 | 256;

/** A Node that runs the plan. */
export interface Runtime {
  /** What runners on it are called after; empty for the Node of this process. */
  readonly name: string;
  readonly file: string;
  readonly version: string;
  /** Whether its V8 can widen vectors. */
  readonly widens: boolean;
}

/**
 * The Node of this process, and others.
 *
 * @param files Paths of the others' programs.
 * @throws InvalidArgumentError for a path at which there is no Node.
 */
export async function findRuntimes(files: readonly string[]): Promise<Runtime[]> {
  const own = await describe(process.execPath);
  const others = await Promise.all(files.map((file) => describe(resolve(file))));
  const major = (version: string) => version.split('.')[0];
  return [
    { ...own, name: '' },
    ...others.map((other) => {
      const alike = others.filter(({ version }) => major(version) === major(other.version));
      return { ...other, name: `node${alike.length > 1 ? other.version : major(other.version)}` };
    }),
  ];
}

/** The flags that make `runtime` use vectors of a width; undefined where it cannot. */
export function flagsFor({ widens }: Runtime, vectors: Vectors): string[] | undefined {
  if (vectors === 128) return [];
  if (widens) return [WIDEN];
  return vectors === 'auto' ? [] : undefined;
}

async function describe(file: string): Promise<Omit<Runtime, 'name'>> {
  let version: string;
  try {
    version = (await run(file, ['-p', 'process.versions.node'])).stdout.trim();
  } catch {
    throw new InvalidArgumentError('--node', 'must name programs of Node', file);
  }
  if (!/^\d+\.\d+/.test(version))
    throw new InvalidArgumentError('--node', 'must name programs of Node', file);
  const widens = await run(file, [WIDEN, '-e', '']).then(
    () => true,
    () => false,
  );
  return { file, version, widens };
}
