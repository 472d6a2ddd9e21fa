import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  loadStateDict,
  optimizedNet,
  readTorchFile,
  type StateDict,
  stateDict,
  writeTorchFile,
} from '@mnist-kit/models';
import { expect, type TestContext, test } from 'vitest';
import { fixture, seeded } from './golden.js';

/** A Python that has PyTorch. */
const python = [process.env.MNIST_KIT_PYTHON, 'python3', '/usr/bin/python3'].find(
  (command) =>
    command !== undefined && spawnSync(command, ['-c', 'import torch'], { stdio: 'ignore' }).status === 0,
);

/** Loads argv[1] in both ways, prints what it got, and saves it again as argv[2]. */
const program = `
import json, sys, torch
loaded = torch.load(sys.argv[1])
safe = torch.load(sys.argv[1], weights_only=True)
assert type(loaded).__name__ == type(safe).__name__ == "OrderedDict", type(loaded)
assert list(loaded) == list(safe)
assert all(torch.equal(loaded[key], safe[key]) and t.is_contiguous() for key, t in loaded.items())
torch.save(loaded, sys.argv[2])
print(json.dumps([[key, str(t.dtype), list(t.shape), t.flatten().tolist()] for key, t in loaded.items()]))
`;

/** What PyTorch finds in our file, and our reading of the file that it saves of it. */
function throughPyTorch(dict: StateDict, context: TestContext) {
  if (python === undefined) return context.skip('no Python with PyTorch; MNIST_KIT_PYTHON can name one');
  const folder = mkdtempSync(join(tmpdir(), 'mnist-kit-torch-'));
  try {
    const files = [join(folder, 'written.pth'), join(folder, 'again.pth')];
    writeFileSync(files[0], writeTorchFile(dict));
    const { status, stdout, stderr } = spawnSync(python, ['-c', program, ...files], { encoding: 'utf8' });
    expect(status, stderr).toBe(0);
    const entries: [string, string, number[], number[]][] = JSON.parse(stdout);
    return { entries, again: readTorchFile(readFileSync(files[1])) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test('PyTorch loads a net written here, with and without weights_only, and saves it alike', (context) => {
  const model = seeded(optimizedNet);
  loadStateDict(model, readTorchFile(fixture('torch-optimized-net.pth')));
  const dict = stateDict(model);
  const { entries, again } = throughPyTorch(dict, context);
  expect(again).toEqual(dict);
  expect(entries.map(([name]) => name)).toEqual(Object.keys(dict));
  for (const [name, dtype, shape, values] of entries) {
    expect(dtype).toBe(name.endsWith('num_batches_tracked') ? 'torch.int64' : 'torch.float32');
    expect(shape).toEqual(dict[name].shape);
    expect(values).toEqual([...dict[name].data]);
  }
});

test('PyTorch loads odd names, shapes and values written here', (context) => {
  const dict: StateDict = {
    'größe "quoted"\n🙂': { shape: [2, 1, 2], data: Float32Array.of(-0, 1e-40, 3.4e38, 0.1) },
    scalar: { shape: [], data: Float32Array.of(7) },
    empty: { shape: [0, 300, 2], data: new Float32Array(0) },
    long: { shape: [70_000], data: Float32Array.from({ length: 70_000 }, (_, i) => i) },
    counters: { shape: [3], data: Float32Array.of(-5, 2 ** 53, 2 ** 62), dtype: 'I64' },
    ['n'.repeat(300)]: { shape: [1], data: Float32Array.of(1) },
  };
  const { entries, again } = throughPyTorch(dict, context);
  expect(again).toEqual(dict);
  expect(entries.map(([name, , shape]) => [name, shape])).toEqual(
    Object.entries(dict).map(([name, { shape }]) => [name, shape]),
  );
  expect(Object.fromEntries(entries.map(([name, , , values]) => [name, values])).counters).toEqual([
    -5,
    2 ** 53,
    2 ** 62,
  ]);
});

test('PyTorch loads an empty state dict written here', (context) => {
  expect(throughPyTorch({}, context)).toEqual({ entries: [], again: {} });
});
