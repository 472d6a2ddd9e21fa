import { execFileSync } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError, InvalidArgumentError } from '@mnist-kit/core';
import { optimizedNet } from '@mnist-kit/models';
import { fromOnnx, toOnnx } from '@mnist-kit/onnx';
import { saveOnnx } from '@mnist-kit/onnx/node';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const model = optimizedNet();
const digits = [...'0123456789'];

/** What Debian's python3-onnx says of a file; undefined where there is none. */
function inPython(bytes: Uint8Array): Record<string, unknown> | undefined {
  const program = `
import json, sys, onnx
model = onnx.load_from_string(sys.stdin.buffer.read())
onnx.checker.check_model(model, full_check=True)
shape = lambda port: [one.dim_param or one.dim_value for one in port.type.tensor_type.shape.dim]
print(json.dumps(dict(
  opset=model.opset_import[0].version, producer=model.producer_name, doc=model.doc_string,
  metadata={one.key: one.value for one in model.metadata_props},
  ports=[[one.name, shape(one)] for one in [*model.graph.input, *model.graph.output]],
  operators=sorted({one.op_type for one in model.graph.node}),
  weights=[one.name for one in model.graph.initializer][:4])))`;
  for (const python of ['/usr/bin/python3', 'python3'])
    try {
      execFileSync(python, ['-c', 'import onnx'], { stdio: 'ignore' });
      return JSON.parse(execFileSync(python, ['-c', program], { input: bytes }).toString());
    } catch (error) {
      if ((error as { stderr?: Buffer }).stderr?.length) throw error;
    }
  return undefined;
}

test('the checker of onnx is content with opset, names, shapes and metadata', ({ skip }) => {
  const said = inPython(
    toOnnx(model, {
      docString: 'digits',
      classes: digits,
      normalization: { mean: 0.1307, std: [0.3081] },
      metadata: { licence: 'MIT' },
    }),
  );
  if (said === undefined) return skip();
  expect(said).toEqual({
    opset: 17,
    producer: 'mnist-kit',
    doc: 'digits',
    metadata: {
      parameters: '17994',
      classes: JSON.stringify(digits),
      mean: '0.1307',
      std: '[0.3081]',
      licence: 'MIT',
    },
    ports: [
      ['input', ['batch', 1, 28, 28]],
      ['output', ['batch', 10]],
    ],
    operators: [
      'BatchNormalization',
      'Conv',
      'Flatten',
      'Gemm',
      'GlobalAveragePool',
      'LogSoftmax',
      'MaxPool',
      'Relu',
    ],
    weights: ['conv1.weight', 'conv1.bias', 'bn1.weight', 'bn1.bias'],
  });
});

test('a fixed batch, channels last and folded norms are what the file says then', ({ skip }) => {
  const said = inPython(toOnnx(model, { batchSize: 4, layout: 'NHWC', batchNorm: 'fold' }));
  if (said === undefined) return skip();
  expect(said.ports).toEqual([
    ['input', [4, 28, 28, 1]],
    ['output', [4, 10]],
  ]);
  expect(said.operators).not.toContain('BatchNormalization');
});

test.each([
  [{ batchNorms: 'fold' }, /`batchNorms` is not an option of toOnnx \(did you mean `batchNorm`\?\)/],
  [{ batchNorm: 'merge' }, /`batchNorm` must be "keep" or "fold"/],
  [{ layout: 'nchw' }, /`layout` must be/],
  [{ batchSize: 0 }, /`batchSize` must be a positive integer/],
  [{ docString: 1 }, /`docString` must be text/],
  [{ classes: [1] }, /`classes` must be an array of names/],
  [{ classes: Array.from({ length: 9 }, () => 'a') }, /`classes` must be 10 names/],
  [{ normalization: { mean: 0, std: 0 } }, /`normalization.std` must be positive/],
  [{ normalization: { mean: [0, 0], std: 1 } }, /`normalization.mean` must be one number or 1/],
  [{ normalization: { mean: 0, sd: 1 } }, /`sd` is not an option/],
  [{ metadata: { mean: '1' } }, /must not have the key "mean"/],
  [{ metadata: { a: 1 } }, /must map text to text/],
])('options that cannot work are refused: %j', (options, message) => {
  expect(() => toOnnx(model, options as never)).toThrow(InvalidArgumentError);
  expect(() => toOnnx(model, options as never)).toThrow(message);
});

test('a file is written whole into a folder that is made, and read again', async () => {
  const path = join(folder, 'runs', 'first', 'model.onnx');
  await saveOnnx(model, path, { batchNorm: 'fold' });
  expect(await readdir(join(folder, 'runs', 'first'))).toEqual(['model.onnx']);
  expect(new Uint8Array(await readFile(path))).toEqual(toOnnx(model, { batchNorm: 'fold' }));
  expect(fromOnnx(await readFile(path)).name).toBe('optimizedNet');
  await expect(saveOnnx(model, join(folder, 'model.pb'))).rejects.toThrow(/`path` must end in .onnx/);
  await writeFile(join(folder, 'taken'), '');
  await expect(saveOnnx(model, join(folder, 'taken', 'model.onnx'))).rejects.toThrow(
    /Cannot make the folder/,
  );
});

test('what is no ONNX file is refused as damaged data, and leaves no tensors', () => {
  const bytes = toOnnx(model);
  const before = tf.memory().numTensors;
  for (const length of [0, 1, 10, 100, 5000, bytes.length - 1])
    expect(() => fromOnnx(bytes.subarray(0, length)), String(length)).toThrow(DataError);
  expect(() => fromOnnx(new TextEncoder().encode('{"format":"layers-model"}'))).toThrow(DataError);
  expect(() => fromOnnx('model.onnx' as never)).toThrow(InvalidArgumentError);
  expect(tf.memory().numTensors).toBe(before);
});

test('messages within messages and very many of them are refused before they are decoded', () => {
  // A graph whose only node has an attribute that is a graph, and so on.
  let nested = new Uint8Array(0);
  const wrap = (field: number, content: Uint8Array): Uint8Array<ArrayBuffer> => {
    const length = [
      (content.length & 0x7f) | 0x80,
      ((content.length >> 7) & 0x7f) | 0x80,
      content.length >> 14,
    ];
    return Uint8Array.from([field * 8 + 2, ...length, ...content]);
  };
  for (let i = 0; i < 50; i++) nested = wrap(1, wrap(5, wrap(6, nested)));
  expect(() => fromOnnx(wrap(7, nested))).toThrow(/nested at most 20 levels deep/);
  // Each two bytes are a node.
  const nodes = new Uint8Array(600_000).map((_, i) => (i % 2 === 0 ? 0x0a : 0));
  expect(() => fromOnnx(wrap(7, nodes))).toThrow(/at most 200000 entries/);
});

test('a model that was disposed, or is none, is refused', () => {
  const gone = optimizedNet();
  gone.dispose();
  expect(() => toOnnx(gone)).toThrow(InvalidArgumentError);
  expect(() => toOnnx({} as never)).toThrow(InvalidArgumentError);
});
