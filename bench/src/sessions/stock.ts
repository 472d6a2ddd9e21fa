import { Generator } from '@mnist-kit/core';
import * as tf from '@tensorflow/tfjs-core';
import type { Work } from '../works/work.js';
import { firstBatches } from './data.js';
import { makeNet } from './nets.js';
import type { Session } from './session.js';

/** The same models run by TensorFlow.js alone, as its own guides do it. */
export async function stockSession(work: Work, backend: 'wasm' | 'cpu', root: string): Promise<Session> {
  if (backend === 'wasm') await import('@tensorflow/tfjs-backend-wasm');
  else await import('@tensorflow/tfjs-backend-cpu');
  await tf.setBackend(backend);
  const model = makeNet(work.net, { generator: new Generator(1) });
  const next = await firstBatches(root, work.batch);
  if (work.kind === 'inference') {
    return {
      step: async () => {
        const { images, size, shape } = next();
        const outputs = tf.tidy(() => model.predict(tf.tensor4d(images, [size, ...shape])) as tf.Tensor);
        await outputs.data();
        outputs.dispose();
      },
    };
  }
  model.compile({
    optimizer: tf.train.adam(1e-3),
    loss: (labels, outputs) => tf.neg(tf.mean(tf.sum(tf.mul(labels, outputs), 1))),
  });
  return {
    step: async () => {
      const { images, labels, size, shape } = next();
      const x = tf.tensor4d(images, [size, ...shape]);
      const y = tf.tidy(() => tf.cast(tf.oneHot(tf.tensor1d(labels, 'int32'), 10), 'float32'));
      await model.trainOnBatch(x, y);
      tf.dispose([x, y]);
    },
  };
}
