// Trains a model that the plan does not run, where the wasm backend is not installed. Usage: node slow-model.mjs auto
import { register } from 'node:module';
import { crossEntropyLoss } from '@mnist-kit/losses';
import { SGD } from '@mnist-kit/optim';
import { Trainer } from '@mnist-kit/trainer';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';

const hook = `export function resolve(name, context, next) {
  if (name === '@tensorflow/tfjs-backend-wasm') throw new Error('Cannot find package ' + name);
  return next(name, context);
}`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

const model = tfl.sequential({
  layers: [
    tfl.layers.separableConv2d({ name: 'apart', inputShape: [2, 2, 1], kernelSize: 1, filters: 2 }),
    tfl.layers.flatten(),
    tfl.layers.dense({ units: 3 }),
  ],
});
const batch = {
  images: new Float32Array(8),
  labels: Int32Array.of(0, 2),
  indices: Int32Array.of(0, 1),
  size: 2,
  shape: [2, 2, 1],
};
const loader = {
  async *[Symbol.asyncIterator]() {
    yield batch;
  },
};
const optimizer = new SGD({ lr: 0.1 });
const trainer = new Trainer({ model, optimizer, loss: crossEntropyLoss(), engine: process.argv[2] });
const history = await trainer.fit(loader, { val: loader, epochs: 2 });
await trainer.test(loader);
await trainer.dispose();
console.log(JSON.stringify({ epochs: history.epochs.length }));
