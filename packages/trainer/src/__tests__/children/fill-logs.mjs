// Trains until a log cannot be written, and prints the error. Argument: the folder of the logs, and which to keep.
import { join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import { arrayDataset, DataLoader } from '@mnist-kit/datasets';
import { nllLoss } from '@mnist-kit/losses';
import { convNet } from '@mnist-kit/models';
import { SGD } from '@mnist-kit/optim';
import { CsvLogger, JsonlLogger, TensorBoardLogger, Trainer } from '@mnist-kit/trainer';

const [dir, kind] = process.argv.slice(2);
const generator = new Generator(1);
const labels = Int32Array.from({ length: 32 }, (_, i) => i % 10);
const data = arrayDataset({ images: new Uint8Array(32 * 784), labels, shape: [28, 28, 1] });
const loggers = {
  jsonl: () => new JsonlLogger({ path: join(dir, 'log.jsonl'), everyNSteps: 1 }),
  csv: () => new CsvLogger({ path: join(dir, 'history.csv') }),
  tensorboard: () => new TensorBoardLogger({ dir, everyNSteps: 1 }),
};
const trainer = new Trainer({
  model: convNet({ channels: [1], poolAfter: [1], generator }),
  optimizer: new SGD({ lr: 0.1 }),
  loss: nllLoss(),
  generator,
  threads: 1,
  callbacks: [loggers[kind]()],
});
await trainer.fit(new DataLoader(data, { batchSize: 4, generator }), { epochs: 500 }).then(
  () => console.log('trained'),
  (error) => console.log(`${error.name}: ${error.message}`),
);
