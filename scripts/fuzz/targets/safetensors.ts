import { readSafetensors, readSafetensorsMetadata, writeSafetensors } from '@mnist-kit/models';
import { type JsonView, law, type Target } from '../target.js';
import { checkDict, checkSame, fixtures, stateDicts } from './tensors.js';

/** The header, whose length is put right when it is changed. */
const header: JsonView = {
  read(input) {
    if (input.length < 8) return undefined;
    const length = Number(new DataView(input.buffer, input.byteOffset).getBigUint64(0, true));
    return length > input.length - 8 ? undefined : new TextDecoder().decode(input.subarray(8, 8 + length));
  },
  write(input, text) {
    const length = Number(new DataView(input.buffer, input.byteOffset).getBigUint64(0, true));
    const data = input.subarray(8 + length);
    const bytes = new TextEncoder().encode(text);
    const out = new Uint8Array(8 + bytes.length + data.length);
    new DataView(out.buffer).setBigUint64(0, BigInt(bytes.length), true);
    out.set(bytes, 8);
    out.set(data, 8 + bytes.length);
    return out;
  },
};

export const safetensors: Target = {
  name: 'safetensors',
  seeds: (seed) => [
    ...stateDicts(seed).map((dict, i) =>
      writeSafetensors(dict, i % 2 ? { format: 'pt', 'a"': '\n' } : undefined),
    ),
    ...fixtures('.safetensors'),
  ],
  tokens: [
    ...[
      '"dtype"',
      '"shape"',
      '"data_offsets"',
      '"__metadata__"',
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '\\u0061',
    ],
    ...[
      '"F32"',
      '"F16"',
      '"BF16"',
      '"F64"',
      '"I64"',
      '"U64"',
      '"BOOL"',
      '"F8_E4M3"',
      '\\ud800',
      '\xff',
      ' ',
      '\n',
    ],
    ...[
      '{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}}',
      '[[[[[[[[',
      '-0',
      '1e3',
      '1.0',
      'null',
      '00',
    ],
  ],
  json: header,
  run(input) {
    const dict = readSafetensors(input);
    const metadata = readSafetensorsMetadata(input);
    checkDict(dict);
    const written = writeSafetensors(dict, metadata);
    checkSame(dict, readSafetensors(written));
    const again = readSafetensorsMetadata(written);
    const [before, after] = [metadata, again].map((map) => JSON.stringify(Object.entries(map).toSorted()));
    law(before === after, `metadata ${before} became ${after}`);
  },
};
