import { CheckpointError, checkOptionNames, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import { checkBytes } from '../check-arguments.js';
import type { StateDict } from '../state-tensor.js';
import { findStateDict } from './find-state-dict.js';
import { type PickleValue, typeName } from './pickle-values.js';
import { keyText } from './plain-keys.js';
import { PlainValues, type TorchValue } from './plain-values.js';
import { Storages } from './storages.js';
import { unpickle } from './unpickle.js';
import { ZipArchive } from './zip-archive.js';

/**
 * Limits on what a .pth file may ask for. A file that says more is refused, so that no file can fill the memory.
 *
 * @example
 * ```ts
 * import { readTorchValue, type TorchFileLimits, writeTorchFile } from '@mnist-kit/models';
 *
 * const bytes = writeTorchFile({ bias: { shape: [2], data: Float32Array.of(1, 2) } });
 * const limits: TorchFileLimits = { maxTensorBytes: 2 ** 20, maxOpcodes: 1000 };
 * const value = readTorchValue(bytes, limits);
 * ```
 */
export interface TorchFileLimits {
  /**
   * Most bytes that the tensors read may take as float32. It matters for views that repeat few stored values.
   * Default: 32 MiB more than the stored values that they are of take, each counted once.
   */
  maxTensorBytes?: number;
  /** Most bytes that deflated entries may have; `torch.save` deflates nothing. Default 32 MiB. */
  maxInflatedBytes?: number;
  /** Most bytes of the pickle, which names the tensors and holds none of their values. Default 32 MiB. */
  maxPickleBytes?: number;
  /**
   * Most opcodes of the pickle; a tensor needs 30 to 50. Default 1,000,000, or 60 for each entry of the archive if
   * that is more, and as many as make values of 48 MiB more than
   * the file and its tensors; a number of your own allows
   * 250 bytes for each.
   */
  maxOpcodes?: number;
}

/**
 * What {@link readTorchFile} takes.
 *
 * @example
 * ```ts
 * import { readTorchFile, type ReadTorchFileOptions, writeTorchFile } from '@mnist-kit/models';
 *
 * const bytes = writeTorchFile({ bias: { shape: [2], data: Float32Array.of(1, 2) } });
 * const options: ReadTorchFileOptions = { maxTensorBytes: 1024 };
 * console.log(readTorchFile(bytes, options).bias.data); // Float32Array [1, 2]
 * ```
 */
export interface ReadTorchFileOptions extends TorchFileLimits {
  /**
   * Where in a checkpoint dict the state dict is, e.g. `'model_state_dict'`. Default: the file itself if it is
   * one, else the only dict of tensors in it.
   */
  key?: string;
}

/**
 * Reads a state dict from a .pth file, the zip format of `torch.save` since PyTorch 1.6.
 *
 * The file may hold a bare state dict or a checkpoint dict that holds one; whatever lies beside it, objects of
 * any class included, does not matter. The pickle is read by an own small reader that runs nothing of it, so a
 * file from a stranger does no harm. Real data types are handed out as float32 (doubles are rounded), int64
 * with `dtype: 'I64'`; a `num_batches_tracked` beyond float32 has its exact value in `int64`. Views get their
 * own values in row-major order.
 *
 * @param bytes The whole file.
 * @param options See {@link ReadTorchFileOptions}.
 * @returns The tensors by name, in the order of the file's dict. The arrays are copies.
 * @throws CheckpointError when the file is damaged, older than PyTorch 1.6 or exceeds a limit, when the state
 * dict is not found or several could be meant, or when it holds anything but plain tensors (a sparse,
 * quantised or complex one, an object) or an integer that float32 cannot hold.
 * @throws InvalidArgumentError when an argument has the wrong type.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { loadStateDict, optimizedNet, readTorchFile } from '@mnist-kit/models';
 *
 * const model = optimizedNet();
 * loadStateDict(model, readTorchFile(await readFile('best_model.pth')));
 * loadStateDict(model, readTorchFile(await readFile('checkpoint.pth'), { key: 'ema_state_dict' }));
 * ```
 */
export function readTorchFile(bytes: Uint8Array, options: ReadTorchFileOptions = {}): StateDict {
  checkOptionNames<ReadTorchFileOptions>('readTorchFile', options, { key: true, ...limitNames });
  const { key, ...limits } = options;
  if (key !== undefined && typeof key !== 'string')
    throw new InvalidArgumentError('key', 'must be text', key);
  const { root, plain } = open(bytes, limits);
  const dict = findStateDict(root, key);
  const tensors: StateDict = Object.fromEntries(
    Array.from(dict, ([key, view]) => {
      const name = keyText(key);
      if (name === undefined)
        throw new CheckpointError(`A state dict's keys must be text or numbers. Received: ${typeName(key)}`);
      return [name, plain.tensor(view, name)];
    }),
  );
  if (Object.keys(tensors).length !== dict.size)
    throw new CheckpointError('A state dict must not have keys that are alike as text, such as 1 and "1".');
  return tensors;
}

/**
 * Reads everything that a .pth file holds: a whole checkpoint with its epoch, history and optimizer state.
 *
 * As safe as {@link readTorchFile}, and for the same files. Objects whose class has no counterpart here are
 * shown as {@link OpaqueTorchValue}s.
 *
 * @param bytes The whole file.
 * @param limits See {@link TorchFileLimits}.
 * @returns Dicts and `argparse.Namespace`s as plain objects (keys as text), lists, tuples and sets as arrays,
 * tensors and NumPy's arrays as `{ shape, data }`, None as null, integers beyond 2^53 as bigints, NumPy's
 * scalars as what they hold, devices, data types, paths and dates as text, bytes as a Uint8Array. Integers in
 * tensors that float32 cannot hold have their exact values in `int64`.
 * @throws CheckpointError when the file is damaged, older than PyTorch 1.6 or exceeds a limit, when the
 * containers are nested deeper than 100 levels, hold themselves or have keys that are alike as text, when a
 * bare state dict holds an integer that float32 cannot, and when there is nothing in it that can be read.
 * @throws InvalidArgumentError when an argument has the wrong type.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { readTorchValue, type StateDict } from '@mnist-kit/models';
 *
 * const checkpoint = readTorchValue(await readFile('checkpoint.pth')) as {
 *   epoch: number;
 *   model_state_dict: StateDict;
 * };
 * console.log(checkpoint.epoch, Object.keys(checkpoint.model_state_dict));
 * ```
 */
export function readTorchValue(bytes: Uint8Array, limits: TorchFileLimits = {}): TorchValue {
  checkOptionNames<TorchFileLimits>('readTorchValue', limits, limitNames);
  const { root, plain } = open(bytes, limits);
  return plain.convert(root);
}

const limitNames: OptionNames<TorchFileLimits> = {
  maxTensorBytes: true,
  maxInflatedBytes: true,
  maxPickleBytes: true,
  maxOpcodes: true,
};

function open(bytes: Uint8Array, limits: TorchFileLimits): { root: PickleValue; plain: PlainValues } {
  checkBytes(bytes);
  const { maxTensorBytes, maxInflatedBytes = 2 ** 25, maxOpcodes, maxPickleBytes = 2 ** 25 } = limits;
  for (const [name, limit] of Object.entries({
    maxTensorBytes,
    maxInflatedBytes,
    maxPickleBytes,
    maxOpcodes,
  }))
    if (limit !== undefined && (typeof limit !== 'number' || !(limit >= 0)))
      throw new InvalidArgumentError(name, 'must be a number of at least 0', limit);
  refuseLegacy(bytes);
  const archive = new ZipArchive(bytes, maxInflatedBytes);
  const prefix = findPrefix(archive);
  checkVersion(archive, prefix);
  const storages = new Storages(archive, prefix);
  const pickle = archive.read(`${prefix}data.pkl`);
  if (pickle.length > maxPickleBytes)
    throw new CheckpointError(
      `data.pkl must have at most maxPickleBytes=${maxPickleBytes} bytes. Received: ${pickle.length}`,
    );
  const root = unpickle(pickle, {
    persistentLoad: (id) => storages.find(id),
    maxOpcodes: maxOpcodes ?? Math.max(leastOpcodes, opcodesPerEntry * archive.names.length),
    maxMemory:
      maxOpcodes === undefined
        ? spareMemory + bytes.length + memoryPerEntry * archive.names.length
        : maxOpcodes * memoryPerOpcode,
  });
  return { root, plain: new PlainValues(maxTensorBytes) };
}

const leastOpcodes = 1_000_000;
const opcodesPerEntry = 60;
const spareMemory = 48 * 2 ** 20;
/** Of values for each entry, which stands for a tensor. */
const memoryPerEntry = 1200;
const memoryPerOpcode = 250;

/** Before PyTorch 1.6 a file began with this number, pickled. */
const legacyMagic = [0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19];

function refuseLegacy(bytes: Uint8Array): void {
  if (bytes[0] === 0x80 && legacyMagic.every((byte, i) => bytes[2 + i] === byte))
    throw new CheckpointError(
      'The file has the format that torch.save wrote before PyTorch 1.6, which is not read. ' +
        'Save it again in a newer PyTorch: torch.save(torch.load(path), path).',
    );
}

/** All entries stand in one folder, named after the file that PyTorch wrote or "archive". */
function findPrefix(archive: ZipArchive): string {
  const pickles = archive.names.filter((name) => /^[^/]+\/data\.pkl$/.test(name));
  if (pickles.length !== 1)
    throw new CheckpointError(
      `A .pth file must have one entry "<name>/data.pkl", as torch.save makes it. Received: ${pickles.length}`,
    );
  return pickles[0].slice(0, -'data.pkl'.length);
}

/** The highest that PyTorch itself reads. */
const maxVersion = 10;

function checkVersion(archive: ZipArchive, prefix: string): void {
  const text = (name: string) =>
    String.fromCharCode(...archive.read(`${prefix}${name}`).subarray(0, 20)).trim();
  const version = text('version');
  if (!/^\d+$/.test(version) || Number(version) < 1 || Number(version) > maxVersion)
    throw new CheckpointError(
      `A .pth file must have a version from 1 to ${maxVersion}. Received: ${JSON.stringify(version)}`,
    );
  if (archive.size(`${prefix}byteorder`) !== undefined && text('byteorder') !== 'little')
    throw new CheckpointError(
      `A .pth file must have the byte order "little". Received: ${JSON.stringify(text('byteorder'))}`,
    );
}
