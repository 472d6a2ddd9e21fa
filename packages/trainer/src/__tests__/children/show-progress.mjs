// Trains for a moment with a progress bar. Arguments: options of the bar as JSON, or a list of them for one fit after
// another; 'listen' to hear of stdout's errors.
import { Generator } from '@mnist-kit/core';
import { arrayDataset, DataLoader } from '@mnist-kit/datasets';
import { nllLoss } from '@mnist-kit/losses';
import { convNet } from '@mnist-kit/models';
import { SGD } from '@mnist-kit/optim';
import { ProgressBar, Trainer } from '@mnist-kit/trainer';

const [bars, listen] = process.argv.slice(2);
if (listen === 'listen') process.stdout.on('error', ({ code }) => console.error(`heard ${code}`));

const generator = new Generator(1);
const images = new Uint8Array(64 * 784).map((_, i) => (i * 7) % 251);
const data = arrayDataset({
  images,
  labels: Int32Array.from({ length: 64 }, (_, i) => i % 10),
  shape: [28, 28, 1],
});
for (const bar of [JSON.parse(bars)].flat()) {
  const trainer = new Trainer({
    model: convNet({ channels: [2, 2], poolAfter: [1], generator }),
    optimizer: new SGD({ lr: 0.1 }),
    loss: nllLoss(),
    generator,
    threads: 1,
    callbacks: [
      new ProgressBar(bar),
      { onTrainBatchEnd: () => new Promise((resolve) => setTimeout(resolve, 120)) },
    ],
  });
  const history = await trainer.fit(new DataLoader(data, { batchSize: 16, generator }), { epochs: 2 });
  console.error(`trained ${history.epochs.length} epochs`);
  await trainer.dispose();
}
