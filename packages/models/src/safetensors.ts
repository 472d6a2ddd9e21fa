import { type FileBytes, InvalidArgumentError } from '@mnist-kit/core';
import { checkBytes, checkDict } from './check-arguments.js';
import { encodeTensor } from './encode-tensor.js';
import { isCounter, makeStateTensor } from './make-state-tensor.js';
import { parseHeader } from './safetensors-header.js';
import { decodeValues } from './safetensors-values.js';
import type { StateDict, StateTensor } from './state-tensor.js';

/**
 * Reads a file in Hugging Face's safetensors format.
 *
 * Every real data type is read (BOOL, U8 to U64, I8 to I64, F16, BF16, F32, F64) and handed out as float32;
 * F64 is rounded. A `num_batches_tracked` beyond float32 keeps its value in `int64`. The format: https://huggingface.co/docs/safetensors
 *
 * @param bytes The whole file.
 * @returns The tensors by name, in the order of the file's header. The arrays are copies.
 * @throws DataError when the file is truncated or malformed: header longer than the file or than 16 MB, not
 * JSON, more than 65,000 tensors, repeated names, offsets that overlap, leave holes or do not fit the shape, an unknown data type, or an
 * integer that float32 cannot hold.
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { loadStateDict, optimizedNet, readSafetensors } from '@mnist-kit/models';
 *
 * const model = optimizedNet();
 * loadStateDict(model, readSafetensors(await readFile('model.safetensors')));
 * ```
 */
export function readSafetensors(bytes: Uint8Array): StateDict {
  checkBytes(bytes);
  const { tensors, dataStart } = parseHeader(bytes);
  return Object.fromEntries(
    tensors.map(({ name, dtype, shape, begin, end }) => {
      const values = decodeValues(dtype, bytes.subarray(dataStart + begin, dataStart + end));
      return [name, makeStateTensor(values, { name, dtype, shape, wide: isCounter(name) })];
    }),
  );
}

/**
 * Reads the free-form text that a safetensors file carries beside its tensors.
 *
 * @param bytes The whole file.
 * @returns The `__metadata__` map; empty when the file has none.
 * @throws DataError as {@link readSafetensors} does.
 * @example
 * ```ts
 * import { readSafetensorsMetadata, writeSafetensors } from '@mnist-kit/models';
 *
 * const bytes = writeSafetensors({}, { format: 'pt' });
 * console.log(readSafetensorsMetadata(bytes).format); // pt
 * ```
 */
export function readSafetensorsMetadata(bytes: Uint8Array): Record<string, string> {
  checkBytes(bytes);
  return parseHeader(bytes).metadata;
}

/**
 * Writes tensors in Hugging Face's safetensors format, byte for byte as its own library does: tensors sorted
 * by data type (widest first) and then by name, the header padded to 8 bytes.
 *
 * @param dict Tensors by name: a state dict, or any `TensorDict`.
 * @param metadata Text to store beside them, e.g. `{ format: 'pt' }` as PyTorch's users do.
 * @returns The whole file.
 * @throws InvalidArgumentError when a tensor's shape does not fit its number of values, an int64 tensor holds
 * something else than integers, a tensor is named `__metadata__`, or the metadata is not text.
 * @example
 * ```ts
 * import { writeFile } from 'node:fs/promises';
 * import { optimizedNet, stateDict, writeSafetensors } from '@mnist-kit/models';
 *
 * await writeFile('model.safetensors', writeSafetensors(stateDict(optimizedNet()), { format: 'pt' }));
 * ```
 */
export function writeSafetensors(
  dict: Readonly<Record<string, StateTensor>>,
  metadata?: Readonly<Record<string, string>>,
): FileBytes {
  checkDict('dict', dict);
  const tensors = Object.entries(dict).map(([name, tensor]) => {
    if (name === '__metadata__')
      throw new InvalidArgumentError('dict', 'must have names other than `__metadata__`', name);
    return encodeTensor(name, tensor);
  });
  tensors.sort((a, b) => b.bytesPerValue - a.bytesPerValue || compareUtf8(a.name, b.name));

  // The JSON is put together by hand because an object would move names that look like array indices.
  const fields = metadata === undefined ? [] : [`"__metadata__":${JSON.stringify(checkMetadata(metadata))}`];
  let offset = 0;
  for (const { name, dtype, shape, bytes } of tensors) {
    const entry = { dtype, shape, data_offsets: [offset, offset + bytes.length] };
    fields.push(`${JSON.stringify(name)}:${JSON.stringify(entry)}`);
    offset += bytes.length;
  }
  const header = new TextEncoder().encode(`{${fields.join(',')}}`);
  const headerLength = Math.ceil(header.length / 8) * 8;

  const file = new Uint8Array(8 + headerLength + offset);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerLength), true);
  file.set(header, 8);
  file.fill(0x20, 8 + header.length, 8 + headerLength);
  let at = 8 + headerLength;
  for (const { bytes } of tensors) {
    file.set(bytes, at);
    at += bytes.length;
  }
  return file;
}

function checkMetadata(metadata: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (typeof metadata !== 'object' || metadata === null || Array.isArray(metadata))
    throw new InvalidArgumentError('metadata', 'must be an object of text', metadata);
  for (const [key, value] of Object.entries(metadata))
    if (typeof value !== 'string')
      throw new InvalidArgumentError('metadata', `must map text to text, also at "${key}"`, value);
  return metadata;
}

/** UTF-8's order, which is that of code points and not that of UTF-16's units. */
function compareUtf8(a: string, b: string): number {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = left[i].codePointAt(0)! - right[i].codePointAt(0)!;
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}
