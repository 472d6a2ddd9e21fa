import { stat } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { InvalidArgumentError } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import type { CommandResult, Terminal } from '../command-line/command-result.js';
import type { ModelSource, OpenModel } from '../run/open-model.js';

/** What a model leaves as. */
export const FORMATS = ['onnx', 'safetensors', 'pth', 'tfjs'] as const;
type Format = (typeof FORMATS)[number];

/** What the command line of `export` says. */
export interface ExportFlags extends ModelSource {
  readonly format?: Format;
  readonly fold?: boolean;
  readonly force?: boolean;
}

/** `mnist-kit export PATH`. */
export async function exportModel(
  path: string,
  { format: given, fold = false, force = false, ...source }: ExportFlags,
  { print }: Terminal,
): Promise<CommandResult> {
  const format = given ?? formatOf(path);
  if (fold && format !== 'onnx')
    throw new InvalidArgumentError('--fold', 'must come with the format onnx', format);
  await checkFree(path, format, force);
  const { openModel } = await import('../run/open-model.js');
  const open = await openModel(source);
  try {
    await write(open, resolve(path), format, { fold, force });
  } finally {
    open.model.dispose();
  }
  print(`${open.from} -> ${path} (${descriptions[format]})`);
  return { result: { model: open.from, path: resolve(path), format } };
}

const descriptions: Readonly<Record<Format, string>> = {
  onnx: 'ONNX, opset 17',
  safetensors: "weights under PyTorch's names",
  pth: 'state dict for torch.load',
  tfjs: 'TensorFlow.js layers model',
};

/** By the end of the name; a name without one is a folder's. */
function formatOf(path: string): Format {
  const end = extname(path).toLowerCase();
  const known: Readonly<Record<string, Format>> = {
    '.onnx': 'onnx',
    '.safetensors': 'safetensors',
    '.pth': 'pth',
    '.pt': 'pth',
    '': 'tfjs',
  };
  const format = known[end];
  if (format !== undefined) return format;
  throw new InvalidArgumentError(
    'path',
    'must end in .onnx, .safetensors or .pth, or be the name of a folder for TensorFlow.js',
    path,
  );
}

/** Nothing that is there is replaced unasked, and nothing is read before that is known. */
async function checkFree(path: string, format: Format, force: boolean): Promise<void> {
  const end = extname(path).toLowerCase();
  if (format === 'onnx' && end !== '.onnx')
    throw new InvalidArgumentError('path', 'must end in .onnx for the format onnx', path);
  const there = await stat(path).catch(() => undefined);
  if (there === undefined) return;
  if (there.isDirectory() !== (format === 'tfjs'))
    throw new InvalidArgumentError(
      'path',
      format === 'tfjs'
        ? 'must be a folder for the format tfjs, and is a file'
        : 'must be a file, and is a folder',
      path,
    );
  // A folder that holds other files is refused by the writer.
  if (!force && !there.isDirectory())
    throw new InvalidArgumentError('path', 'must not be there yet; --force replaces it', path);
}

async function write(
  { model, config, classes }: OpenModel,
  path: string,
  format: Format,
  { fold, force }: { fold: boolean; force: boolean },
): Promise<void> {
  if (format === 'tfjs') {
    const { saveModel } = await import('@mnist-kit/models/node');
    return saveModel(model, path, { overwrite: force });
  }
  if (format === 'onnx') {
    const { saveOnnx } = await import('@mnist-kit/onnx/node');
    return saveOnnx(model, path, {
      batchNorm: fold ? 'fold' : 'keep',
      classes,
      normalization: config.normalize,
    });
  }
  const { stateDict, writeSafetensors, writeTorchFile } = await import('@mnist-kit/models');
  const weights = stateDict(model);
  await writeFileAtomic(
    path,
    format === 'pth' ? writeTorchFile(weights) : writeSafetensors(weights, { format: 'pt' }),
  );
}
