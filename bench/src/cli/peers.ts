import { spawnSync } from 'node:child_process';
import { EngineError } from '@mnist-kit/core';
import { findOnnxRuntime, ONNXRUNTIME_FOLDER } from '../runners/onnxruntime.js';

/** Installs the peers that are too large to come with every install. */
export function installPeers(): void {
  const args = ['install', '--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund'];
  spawnSync('npm', args, {
    ...{ cwd: ONNXRUNTIME_FOLDER, stdio: 'inherit', shell: process.platform === 'win32' },
  });
  const found = findOnnxRuntime();
  if (typeof found === 'string')
    throw new EngineError('onnxruntime-node could not be installed: npm and its registry are needed.');
  console.log(`onnxruntime-node ${found.version} is in ${ONNXRUNTIME_FOLDER}`);
}
