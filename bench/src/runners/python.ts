import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A Python that has PyTorch. */
export interface Python {
  readonly file: string;
  readonly python: string;
  readonly torch: string;
  readonly torchvision: string;
}

const QUESTION = `import json, platform, torch, torchvision
print(json.dumps({"python": platform.python_version(), "torch": torch.__version__, "torchvision": torchvision.__version__}))`;

/** No __pycache__ beside the scripts. */
export const PYTHON_ENV = { PYTHONDONTWRITEBYTECODE: '1' };

/** A script of `peers/pytorch`. */
export const pythonScript = (name: string): string =>
  fileURLToPath(new URL(`../peers/pytorch/${name}`, import.meta.url));

/**
 * Finds a Python that can import torch and torchvision: the one that `MNIST_KIT_PYTHON` names or, without it,
 * `python3` or the system's own, which is where Debian's python3-torch is.
 *
 * @returns The Python, or for people why there is none.
 */
export async function findPython(): Promise<Python | string> {
  const named = process.env.MNIST_KIT_PYTHON;
  const candidates = named ? [named] : ['python3', '/usr/bin/python3', 'python'];
  for (const file of candidates) {
    try {
      const { stdout } = await run(file, ['-c', QUESTION], { timeout: 120_000 });
      return { file, ...(JSON.parse(stdout) as Omit<Python, 'file'>) };
    } catch {}
  }
  return `PyTorch is left out: ${candidates.join(', ')} cannot import torch and torchvision. Debian has them as python3-torch and python3-torchvision; MNIST_KIT_PYTHON names another Python.`;
}
