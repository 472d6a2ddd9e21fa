import { readTorchFile, readTorchValue, writeTorchFile } from '@mnist-kit/models';
import { readEach, type Target } from '../target.js';
import { mendChecksums, unzip, zip } from '../zip.js';
import { checkDict, checkSame, fixtures, stateDicts } from './tensors.js';

function read(file: Uint8Array): Promise<void> {
  return readEach(
    () => readTorchValue(file),
    () => {
      const dict = readTorchFile(file);
      checkDict(dict);
      checkSame(dict, readTorchFile(writeTorchFile(dict)));
    },
  );
}

function seeds(seed: number): Uint8Array[] {
  return [...stateDicts(seed).map((dict) => writeTorchFile(dict)), ...fixtures('.pth')];
}

const zipTokens = [
  ...[
    'PK\x01\x02',
    'PK\x03\x04',
    'PK\x05\x06',
    'PK\x06\x06',
    'PK\x06\x07',
    '\x01\0\x10\0',
    'archive/',
    'data.pkl',
  ],
  ...['data/0', 'version', 'byteorder', '\xff\xff\xff\xff', '\xff\xff', '\x08\0', '\x01\0', '../'],
];

/** The file as it is. */
export const torchFile: Target = { name: 'torch-file', seeds, tokens: zipTokens, run: read };

/** The file with right checksums, so that changed tables of contents and pickles are read. */
export const torchZip: Target = {
  name: 'torch-zip',
  seeds,
  tokens: zipTokens,
  run: (input) => read(mendChecksums(input)),
};

const global = (name: string) => `c${name.replace(/\.(?=[^.]*$)/, '\n')}\n`;

/** The pickle alone, in a file that is right. */
export const pickle: Target = {
  name: 'pickle',
  seeds: (seed) =>
    seeds(seed).flatMap(
      (file) =>
        unzip(file)
          ?.find(([name]) => name.endsWith('/data.pkl'))?.[1]
          .slice() ?? [],
    ),
  tokens: [
    ...[
      ...'0(1NJKMGXCB]aett)}s/ub R.Q\x85\x86\x87\x88\x89\x8a\x8c\x8d\x8e\x8f\x90\x91\x92\x93\x94\x95\x96\x81io',
    ],
    ...[
      'q\0',
      'h\0',
      'h\x01',
      'r\0\0\0\0',
      'j\0\0\0\0',
      '\x80\x02',
      '\x80\x05',
      ')R',
      '\x85R',
      '(t',
      '(u',
      '(e',
    ],
    ...[
      'torch._utils._rebuild_tensor_v2',
      'torch._utils._rebuild_tensor_v3',
      'torch._utils._rebuild_parameter',
    ].map(global),
    ...['torch._tensor._rebuild_from_type_v2', 'torch.FloatStorage', 'torch.LongStorage', 'torch.Size'].map(
      global,
    ),
    ...['torch.Tensor', 'torch.device', 'torch.float16', 'torch.storage.UntypedStorage'].map(global),
    ...['collections.OrderedDict', 'collections.defaultdict', 'collections.Counter', 'builtins.set'].map(
      global,
    ),
    ...['_codecs.encode', 'builtins.bytes', 'builtins.bytearray', 'numpy.dtype', 'numpy.ndarray'].map(global),
    ...['numpy.core.multiarray._reconstruct', 'numpy.core.multiarray.scalar', 'datetime.datetime'].map(
      global,
    ),
    ...['argparse.Namespace', 'types.SimpleNamespace', 'pathlib.PosixPath', 'os.system'].map(global),
    ...[
      'X\x07\0\0\0storageX\0\0\0\0',
      'X\x01\0\0\x000',
      '\x8c\x01a',
      '\x8c\x06latin1',
      'J\xff\xff\xff\xff',
      'M\0\x01',
    ],
    ...[
      '\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7f',
      '\x8a\x00',
      'G\x7f\xf8\0\0\0\0\0\0',
      'G\x3f\xe0\0\0\0\0\0\0',
    ],
    ...[']q\x01h\x01a', '}q\x01h\x01h\x01s', 'q\x01h\x01\x86'.repeat(40), ']'.repeat(200), '('.repeat(50)],
  ],
  run: (input) =>
    read(
      zip([
        ['archive/data.pkl', input],
        ['archive/data/0', new Uint8Array(16)],
        ['archive/data/1', Uint8Array.from({ length: 64 }, (_, i) => i * 7)],
        ['archive/version', new TextEncoder().encode('3\n')],
      ]),
    ),
};
