import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PYTHON_ENV, type Python, pythonScript } from '../runners/python.js';
import { shapeOfNet } from '../sessions/nets.js';
import type { Step } from './curve.js';

/** How both sides train. */
export interface CurveOptions {
  readonly steps: number;
  readonly seed: number;
  readonly threads: number;
  /** Folder of the data. */
  readonly root: string;
}

/** The notebook's first experiment in real PyTorch. */
export async function pytorchCurve({ file }: Python, options: CurveOptions): Promise<Step[]> {
  const argument = JSON.stringify({ ...options, shape: shapeOfNet('optimizedNet') });
  const { stdout } = await promisify(execFile)(file, [pythonScript('fidelity.py'), argument], {
    env: { ...process.env, ...PYTHON_ENV },
    maxBuffer: 2 ** 26,
  });
  return stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Step);
}
