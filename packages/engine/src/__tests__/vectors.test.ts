import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';

const program = fileURLToPath(new URL('./processes/vectors.mjs', import.meta.url));
const flag = '--experimental-wasm-revectorize';
const wide = 'plan, WebAssembly SIMD of 256 bits, 1 thread';
const narrow = 'plan, WebAssembly SIMD, 1 thread';

interface Case {
  vectors?: 'auto' | 128 | 256;
  /** V8's flags that a process like Node 24 on x64 passes for having been started with. */
  pretend?: string[];
  enable?: boolean;
  wrongFrom?: number;
}

/** In a process of its own, because what is found out about vectors holds for the whole process. */
async function made(options: Case, flags: string[] = []) {
  const args = [...flags, program, JSON.stringify(options)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

describe.concurrent('vectors of a process whose V8 can pack', () => {
  test.for<[Case, string]>([
    [{ pretend: [] }, narrow],
    [{ pretend: [flag.replaceAll('-', '_').replace('__', '--')], vectors: 'auto' }, wide],
    [{ pretend: [flag, flag.replace('--', '--no-')] }, narrow],
    [{ pretend: [], vectors: 256 }, wide],
    [{ pretend: [], enable: true }, wide],
  ])('%o', async ([options, description], { expect }) => {
    expect(await made(options)).toMatchObject({ description });
  });
});

test('packing that changes a bit is found before the first step, and narrow vectors take over', async () => {
  const { description } = await made({ pretend: [flag], wrongFrom: 40 });
  expect(description).toBe(`${narrow} (this runtime packs vectors wrongly: its results differed in a trial)`);
});

test('256 where packing changes a bit is refused', async () => {
  expect(await made({ pretend: [], vectors: 256, wrongFrom: 40 })).toMatchObject({
    name: 'InvalidArgumentError',
    error: expect.stringMatching(/^`vectors` must be 'auto' or 128 here: this runtime packs vectors wrongly/),
  });
});

const canPack = Number(process.versions.node.split('.')[0]) >= 22 && process.arch === 'x64';

test.skipIf(canPack)(
  '256 is refused by name where there is no pass, and enabling it answers no',
  async () => {
    expect(await made({ vectors: 256, enable: true })).toMatchObject({
      enabled: false,
      name: 'InvalidArgumentError',
      error: expect.stringMatching(/^`vectors` must be 'auto' or 128 here: .*Received: vectors=256$/),
    });
  },
);

test.runIf(canPack)('a process with the flag runs 256-bit code', async () => {
  expect(await made({}, [flag])).toMatchObject({ description: wide });
});
