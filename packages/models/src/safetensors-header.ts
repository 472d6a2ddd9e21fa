import { DataError } from '@mnist-kit/core';
import { bytesPerValue, readableDtypes } from './safetensors-values.js';
import { scanJson } from './scan-json.js';

/** One tensor as the header describes it; `begin` and `end` count from the first data byte. */
interface SafetensorsEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

/** What a file's header says. */
export interface SafetensorsHeader {
  readonly tensors: readonly SafetensorsEntry[];
  readonly metadata: Record<string, string>;
  /** Position of the first data byte in the file. */
  readonly dataStart: number;
}

/**
 * Hugging Face's reader sets 100 MB, which unpacks to gigabytes. The largest models that are shared have some ten
 * thousand tensors in a file, and headers of a few megabytes.
 */
const maxHeaderBytes = 16_000_000;
/** Metadata or tensors, their fields, and lists of sizes: nothing of a header is deeper. */
const limits = { depth: 3, entries: 65_000, values: 1_500_000 };

/**
 * Reads and checks the header of a safetensors file.
 *
 * @throws DataError when anything is not as the format demands.
 */
export function parseHeader(file: Uint8Array): SafetensorsHeader {
  if (file.length < 8)
    throw new DataError(`A safetensors file must have at least 8 bytes. Received: ${file.length}`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const length = view.getBigUint64(0, true);
  if (length > maxHeaderBytes)
    throw new DataError(`The safetensors header must be at most 16 MB. Received: ${length} bytes`);
  const dataStart = 8 + Number(length);
  if (dataStart > file.length)
    throw new DataError(
      `The safetensors header must end within the file's ${file.length} bytes. Received: end at ${dataStart}`,
    );
  const header = parseJson(file.subarray(8, dataStart));
  let metadata: Record<string, string> = {};
  const entries: SafetensorsEntry[] = [];
  for (const [name, entry] of Object.entries(header)) {
    if (name !== '__metadata__') entries.push(parseEntry(name, entry));
    else if (isObject(entry) && Object.values(entry).every((value) => typeof value === 'string'))
      metadata = entry as Record<string, string>;
    else throw new DataError('The `__metadata__` of a safetensors file must map text to text.');
  }
  checkOffsets(entries, file.length - dataStart);
  return { tensors: entries, metadata, dataStart };
}

function parseJson(bytes: Uint8Array): Record<string, unknown> {
  const notJson = (cause: unknown) =>
    new DataError('The safetensors header must be JSON in UTF-8.', { cause });
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw notJson(error);
  }
  const repeated = scanJson(text, 'The safetensors header', limits);
  if (repeated !== undefined)
    throw new DataError(`The safetensors header must not repeat a name. Received: "${repeated}" twice`);
  let header: unknown;
  try {
    header = JSON.parse(text);
  } catch (error) {
    throw notJson(error);
  }
  if (!isObject(header) || text[0] !== '{')
    throw new DataError('The safetensors header must be a JSON object and begin with "{".');
  return header;
}

function parseEntry(name: string, entry: unknown): SafetensorsEntry {
  if (!isObject(entry)) throw new DataError(`The safetensors entry "${name}" must be an object.`);
  for (const field in entry)
    if (field !== 'dtype' && field !== 'shape' && field !== 'data_offsets')
      throw new DataError(`The safetensors entry "${name}" has the unknown field "${field}".`);
  const { dtype, shape, data_offsets: offsets } = entry;
  const bytes = typeof dtype === 'string' ? bytesPerValue(dtype) : undefined;
  if (typeof dtype !== 'string' || bytes === undefined)
    throw new DataError(
      `Tensor "${name}" must have one of the data types ${readableDtypes.join(', ')}. Received: ${typeof dtype === 'string' ? dtype : typeof dtype}`,
    );
  if (!isSizes(shape)) throw new DataError(`Tensor "${name}" must have a shape of non-negative integers.`);
  if (!isSizes(offsets) || offsets.length !== 2)
    throw new DataError(`Tensor "${name}" must have two data offsets.`);
  const [begin, end] = offsets;
  const expected = shape.reduce((product, length) => product * length, bytes);
  if (end - begin !== expected)
    throw new DataError(
      `Tensor "${name}" (${dtype}, [${shape.join(', ')}]) must have ${expected} bytes. Received: ${end - begin}`,
    );
  return { name, dtype, shape, begin, end };
}

/** Tensors must cover the data once, without overlap, hole or remainder. */
function checkOffsets(entries: readonly SafetensorsEntry[], dataBytes: number): void {
  let covered = 0;
  for (const { name, begin, end } of entries.toSorted((a, b) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== covered)
      throw new DataError(
        `Tensor "${name}" must begin at byte ${covered} of the data, where the tensor before it ends. Received: ${begin}`,
      );
    covered = end;
  }
  if (covered !== dataBytes)
    throw new DataError(
      `The safetensors header describes ${covered} bytes of data. Received: ${dataBytes} (truncated, or too long)`,
    );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}
