// Trains with Trainers and disposes of none, keeping what outlives them. Prints resident MiB on the way.
import { Generator } from '@mnist-kit/core';
import { arrayDataset, DataLoader } from '@mnist-kit/datasets';
import { nllLoss } from '@mnist-kit/losses';
import { optimizedNet } from '@mnist-kit/models';
import { Adam } from '@mnist-kit/optim';
import { EarlyStopping, LearningRateMonitor, Trainer } from '@mnist-kit/trainer';

const labels = Int32Array.from({ length: 128 }, (_, i) => i % 10);
const data = arrayDataset({ images: new Uint8Array(128 * 784), labels, shape: [28, 28, 1] });
const loader = new DataLoader(data, { batchSize: 128 });
const model = optimizedNet({ generator: new Generator(1) });
const optimizer = new Adam({ lr: 1e-3 });
const callbacks = [new LearningRateMonitor(), new EarlyStopping({ monitor: 'valLoss', patience: 5 })];
const histories = [];
const megabytes = [];
for (let i = 1; i <= 40; i++) {
  const trainer = new Trainer({ model, optimizer, loss: nllLoss(), threads: 2, callbacks });
  histories.push(await trainer.fit(loader, { val: loader }));
  await new Promise((resolve) => setTimeout(resolve, 10));
  if (i % 10 === 0) megabytes.push(process.memoryUsage.rss() / 2 ** 20);
}
console.log(JSON.stringify(megabytes));
