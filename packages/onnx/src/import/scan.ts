import type { DescMessage } from '@bufbuild/protobuf';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';
import { DataError } from '@mnist-kit/core';

/** What a file may have at most. A large network has some thousands of entries. */
const limits = { depth: 20, entries: 200_000, integers: 1_000_000 };

/**
 * Looks at a protobuf message before it is decoded, in one pass and without keeping anything, for what would cost far
 * more memory than the bytes have: messages within messages, many small fields, many packed integers.
 *
 * @throws DataError when it exceeds a limit, or ends too early.
 */
export function scanMessage(bytes: Uint8Array, schema: DescMessage): void {
  const left = { entries: limits.entries, integers: limits.integers };
  const spend = (kind: keyof typeof left, amount: number) => {
    left[kind] -= amount;
    if (left[kind] < 0)
      throw new DataError(`An ONNX file must have at most ${limits[kind]} ${kind}. Received: more`);
  };
  const visit = (message: DescMessage, reader: BinaryReader, end: number, depth: number): void => {
    if (depth > limits.depth)
      throw new DataError(`An ONNX file must be nested at most ${limits.depth} levels deep. Received: more`);
    while (reader.pos < end) {
      const [number, wire] = reader.tag();
      spend('entries', 1);
      const field = message.fields.find((one) => one.number === number);
      if (wire !== WireType.LengthDelimited || field === undefined) {
        reader.skip(wire, number);
        continue;
      }
      const stop = reader.uint32() + reader.pos;
      if (stop > end) throw new RangeError('premature EOF');
      if (field.message !== undefined) visit(field.message, reader, stop, depth + 1);
      // Doubles and floats take eight bytes each where the file has no less than four.
      else if (field.fieldKind === 'list' && field.listKind === 'scalar' && packsIntegers(field.scalar))
        spend('integers', stop - reader.pos);
      reader.pos = stop;
    }
  };
  visit(schema, new BinaryReader(bytes), bytes.length, 1);
}

/** Whether a list's values may take a byte each: all but float, double, strings and bytes. */
const packsIntegers = (scalar: number): boolean => ![1, 2, 9, 12].includes(scalar);
