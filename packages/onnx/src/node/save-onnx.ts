import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EngineError, InvalidArgumentError } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import type * as tfl from '@tensorflow/tfjs-layers';
import type { ToOnnxOptions } from '../export/options.js';
import { toOnnx } from '../export/to-onnx.js';

/**
 * Writes a model to an ONNX file. Missing folders are made; the file appears whole or not at all.
 *
 * @param model The model.
 * @param path Where the file goes; it must end in `.onnx`.
 * @param options As of `toOnnx`.
 * @throws ModelError and InvalidArgumentError as `toOnnx` does, and the latter for a path that ends otherwise.
 * @throws EngineError when the file cannot be written; a file that was there is still there then.
 * @example
 * ```ts
 * import { optimizedNet } from '@mnist-kit/models';
 * import { saveOnnx } from '@mnist-kit/onnx/node';
 *
 * await saveOnnx(optimizedNet(), 'runs/first/model.onnx');
 * ```
 */
export async function saveOnnx(
  model: tfl.LayersModel,
  path: string,
  options: ToOnnxOptions = {},
): Promise<void> {
  if (typeof path !== 'string' || !path.toLowerCase().endsWith('.onnx'))
    throw new InvalidArgumentError('path', 'must end in .onnx', path);
  const bytes = toOnnx(model, options);
  try {
    await mkdir(dirname(path), { recursive: true });
  } catch (error) {
    throw new EngineError(
      `Cannot make the folder ${dirname(path)}: ${(error as Error).message}. Choose another one.`,
      { cause: error },
    );
  }
  await writeFileAtomic(path, bytes);
}
