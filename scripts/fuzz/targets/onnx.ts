import { fromOnnx, toOnnx } from '@mnist-kit/onnx';
import * as tf from '@tensorflow/tfjs-core';
import { specialNets } from '../../onnx/special.js';
import { law, type Target } from '../target.js';
import { fixtures } from './tensors.js';

/** A tag of a field with bytes, and a length. */
const field = (number: number, length: number) => String.fromCharCode(number * 8 + 2, length);

const attribute = (name: string, rest: string) =>
  field(5, name.length + 2 + rest.length) + field(1, name.length) + name + rest;

/** Files of ours and of PyTorch's. */
export const onnxFile: Target = {
  name: 'onnx',
  seeds: () => [
    ...Object.values(specialNets).map((make, i) => {
      const model = make();
      const bytes = toOnnx(model, { batchNorm: i % 2 ? 'fold' : 'keep', layout: i % 3 ? 'NCHW' : 'NHWC' });
      model.dispose();
      return bytes;
    }),
    ...fixtures('.onnx', 'onnx'),
  ],
  tokens: [
    ...['Conv', 'Gemm', 'MatMul', 'BatchNormalization', 'LayerNormalization', 'MaxPool', 'AveragePool'],
    ...['GlobalAveragePool', 'ReduceMean', 'Relu', 'Clip', 'Sigmoid', 'Tanh', 'Softmax', 'Add', 'Sum', 'Mul'],
    ...['Div', 'Erf', 'Concat', 'Flatten', 'Reshape', 'Transpose', 'Squeeze', 'Unsqueeze', 'Pad', 'Shape'],
    ...[
      'Gather',
      'Slice',
      'Cast',
      'Identity',
      'Dropout',
      'Constant',
      'If',
      'Loop',
      'ai.onnx',
      'com.microsoft',
    ],
    ...['SAME_UPPER', 'SAME_LOWER', 'VALID', 'NOTSET', 'auto_pad', 'input', 'output'],
    attribute('group', '\x18\x02\xa0\x01\x02'),
    attribute('axis', '\x18\x01\xa0\x01\x02'),
    attribute('pads', '@\x01@\x01@\x01@\x01\xa0\x01\x07'),
    attribute('strides', '@\x02@\x02\xa0\x01\x07'),
    attribute('kernel_shape', '@\xff\xff\xff\xff\x07@\x01\xa0\x01\x07'),
    attribute('perm', '@\x00@\x03@\x01@\x02\xa0\x01\x07'),
    ...[
      '\x08\xff\xff\xff\xff\x07',
      '\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01',
      '\x08\x01',
      '\x10\x01',
      '\x10\x07',
    ],
    ...[field(7, 0).repeat(200), field(1, 0).repeat(500), field(5, 2).repeat(100), field(9, 0), field(13, 2)],
    ...['\x0b'.repeat(60), '\x0c', '\x07', '\x12\x00', '\x70\x01', '\x08\x00'],
  ],
  run(input) {
    const before = tf.memory().numTensors;
    try {
      const model = fromOnnx(input);
      try {
        law(model.inputs.length > 0 && model.outputs.length > 0, 'a model without inputs or outputs');
        for (const weight of model.weights)
          law(!(weight.read() as tf.Tensor).isDisposed, `weight ${weight.originalName} is not there`);
      } finally {
        model.dispose();
      }
    } finally {
      const left = tf.memory().numTensors - before;
      law(left <= 0, `${left} tensors are left`);
    }
  },
};
