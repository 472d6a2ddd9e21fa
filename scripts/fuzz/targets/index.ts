import { InvalidArgumentError } from '@mnist-kit/core';
import type { Target } from '../target.js';
import { checkpointTargets } from './checkpoint.js';
import { commandLine } from './command-line.js';
import { gzipFile, idxFile } from './data-files.js';
import { modelJson } from './model-folder.js';
import { onnxFile } from './onnx.js';
import { planted } from './planted.js';
import { safetensors } from './safetensors.js';
import { generatorState, loaderState, optimizerState, schedulerState } from './states.js';
import { pickle, torchFile, torchZip } from './torch.js';

/** Every parser of the project. */
export const targets: readonly Target[] = [
  ...[safetensors, torchFile, torchZip, pickle, onnxFile, idxFile, gzipFile, modelJson, ...checkpointTargets],
  ...[generatorState, optimizerState, schedulerState, loaderState, commandLine],
];

/** @throws InvalidArgumentError when there is none of that name. */
export function findTarget(name: string): Target {
  const found = [...targets, ...planted].find((target) => target.name === name);
  if (found === undefined)
    throw new InvalidArgumentError(
      'target',
      `must be one of ${targets.map((one) => one.name).join(', ')}`,
      name,
    );
  return found;
}
