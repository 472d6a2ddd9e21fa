import { type FileBytes, InvalidArgumentError } from '@mnist-kit/core';
import { type Zippable, zipSync } from 'fflate';
import { checkDict } from '../check-arguments.js';
import { encodeTensor } from '../encode-tensor.js';
import type { StateTensor } from '../state-tensor.js';
import { op } from './pickle-opcodes.js';
import { PickleWriter } from './pickle-writer.js';

const folder = 'archive';
/** Where PyTorch lets the content of each entry begin, so that it can be mapped into memory. */
const alignment = 64;
/** The extra field of a zip entry that PyTorch pads with: "FB". */
const paddingField = 0x4246;
const localHeaderBytes = 30;
/** Without zip64 records an archive is below 4 GB and has fewer than 65,536 entries. */
const maxBytes = 0xffffffff;
const maxTensors = 65_000;
const maxInt32 = 0x7fffffff;

/**
 * Writes a state dict as a .pth file that `torch.load` reads, also with `weights_only=True`.
 *
 * The file is what `torch.save(model.state_dict(), path)` makes: an OrderedDict of contiguous tensors of
 * float32, or of int64 where `dtype` is `'I64'`, in the zip format of PyTorch 1.6 and later. The same dict
 * gives the same bytes.
 *
 * @param dict Tensors by name, in the order that they get in PyTorch.
 * @returns The whole file.
 * @throws InvalidArgumentError when a tensor's shape does not fit its number of values, an int64 tensor holds
 * something else than int64 values, a name is no Unicode text, or the dict is too large (4 GB, 65,000 tensors).
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { optimizedNet, stateDict, writeTorchFile } from '@mnist-kit/models';
 *
 * await writeFile('model.pth', writeTorchFile(stateDict(optimizedNet())));
 * // in Python: model.load_state_dict(torch.load('model.pth'))
 * ```
 */
export function writeTorchFile(dict: Readonly<Record<string, StateTensor>>): FileBytes {
  checkDict('dict', dict);
  const entries = Object.entries(dict);
  const values = entries.reduce((sum, [, { data }]) => sum + data.length, 0);
  // Eight bytes a value, and some hundred for the headers, are more than enough.
  if (entries.length > maxTensors || values * 8 + entries.length * 1000 > maxBytes)
    throw new InvalidArgumentError('dict', 'must have at most 65,000 tensors and 4 GB', entries.length);

  const contents: [string, Uint8Array][] = [];
  const pickle = new PickleWriter();
  pickle.global('collections', 'OrderedDict').opcode(op.emptyTuple, op.reduce, op.mark);
  entries.forEach(([name, tensor], i) => {
    const { dtype, shape, bytes } = encodeTensor(name, tensor);
    pickle.text(name);
    // A tensor without elements may have axes that its number of values does not bound.
    if ([...shape, ...strides(shape)].some((size) => size > maxInt32))
      throw new InvalidArgumentError('dict', `must give tensor "${name}" sizes below 2^31`, shape);
    pickleTensor(pickle, `${i}`, dtype, shape, tensor.data.length);
    contents.push([`data/${i}`, bytes]);
  });
  pickle.opcode(op.setItems);

  const text = new TextEncoder();
  return zip([
    ['data.pkl', pickle.stop()],
    ['byteorder', text.encode('little')],
    ...contents,
    ['version', text.encode('3\n')],
  ]);
}

/** The arguments that `torch._utils._rebuild_tensor_v2` takes: see {@link rebuildTensor}. */
function pickleTensor(
  pickle: PickleWriter,
  key: string,
  dtype: 'F32' | 'I64',
  shape: readonly number[],
  length: number,
): void {
  pickle.global('torch._utils', '_rebuild_tensor_v2').opcode(op.mark);
  pickle.opcode(op.mark).text('storage');
  pickle.global('torch', dtype === 'I64' ? 'LongStorage' : 'FloatStorage');
  pickle.text(key).text('cpu').integer(length).opcode(op.tuple, op.binPersId);
  pickle.integer(0).integers(shape).integers(strides(shape));
  pickle.opcode(op.newFalse);
  pickle.global('collections', 'OrderedDict').opcode(op.emptyTuple, op.reduce);
  pickle.opcode(op.tuple, op.reduce);
}

/** PyTorch counts an axis without elements as one here. */
function strides(shape: readonly number[]): number[] {
  const strides: number[] = [];
  let stride = 1;
  for (const size of shape.toReversed()) {
    strides.unshift(stride);
    stride *= Math.max(size, 1);
  }
  return strides;
}

function zip(contents: readonly (readonly [string, Uint8Array])[]): FileBytes {
  const files: Zippable = {};
  // PyTorch leaves the time out; the first that zip knows stands for that.
  const mtime = new Date(1980, 0, 1);
  let at = 0;
  for (const [name, bytes] of contents) {
    const path = `${folder}/${name}`;
    const start = at + localHeaderBytes + path.length + 4;
    const padding = new Uint8Array(-start & (alignment - 1));
    files[path] = [bytes, { level: 0, mtime, extra: { [paddingField]: padding } }];
    at = start + padding.length + bytes.length;
  }
  return zipSync(files);
}
