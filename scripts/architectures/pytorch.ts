import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** One tensor of one executor beside PyTorch's in float64. */
export interface TensorRow {
  readonly name: string;
  readonly verdict: 'close' | 'rounding' | 'kink' | 'far' | 'missing' | 'unknown';
  /** Largest value of the tensor in float64. */
  readonly largest?: number;
  /** Largest difference from it, the executor's and that of PyTorch in float32. */
  readonly error?: number;
  readonly torch?: number;
}

export interface Flip {
  readonly layer: string;
  readonly index: readonly number[];
  /** Distance from the kink in PyTorch's own errors. */
  readonly nearness: number;
}

export interface Comparison {
  readonly rows: readonly TensorRow[];
  /** What was found about kinks where gradients were off. */
  readonly kinks?: {
    readonly candidates: number;
    readonly missing: number;
    readonly flips?: readonly Flip[];
  };
}

export interface TorchReport {
  readonly seed: number;
  readonly executors: Readonly<Record<string, Comparison>>;
  /** How far each tensor may be off. */
  readonly tolerance: Readonly<Record<string, number>>;
}

/**
 * Finds a Python with PyTorch: the one that `MNIST_KIT_PYTHON` names or, without it, `python3` or the system's own.
 *
 * @throws Error when there is none.
 */
export async function findPython(): Promise<string> {
  const named = process.env.MNIST_KIT_PYTHON;
  const candidates = named ? [named] : ['python3', '/usr/bin/python3', 'python'];
  for (const file of candidates) {
    try {
      await promisify(execFile)(file, ['-c', 'import torch']);
      return file;
    } catch {}
  }
  throw new Error(
    `${candidates.join(', ')} cannot import torch. Debian has it as python3-torch; MNIST_KIT_PYTHON names another Python.`,
  );
}

/** A Python process that compares one net after another. */
export class PyTorch {
  readonly #child;
  readonly #lines;

  /** @param scripts The folder of compare.py. */
  constructor(python: string, scripts: string) {
    this.#child = spawn(python, [join(scripts, 'compare.py')], {
      stdio: ['pipe', 'pipe', 'inherit'],
      // No __pycache__ beside the scripts.
      env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1' },
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Asks for a comparison; answers come in the order of the questions. */
  ask(path: string): void {
    this.#child.stdin.write(`${path}\n`);
  }

  /** @throws Error when the process ended. */
  async answer(): Promise<TorchReport> {
    const { value, done } = await this.#lines.next();
    if (done) throw new Error('PyTorch ended before its answer; its last words stand above.');
    return JSON.parse(value) as TorchReport;
  }

  close(): void {
    this.#child.stdin.end();
  }
}
