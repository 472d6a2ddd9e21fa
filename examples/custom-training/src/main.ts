/** A net, a loss, a metric and a callback of one's own. Takes a few seconds. */
import { Generator } from '@mnist-kit/core';
import { DataLoader, mnist, randomSplit, transforms as T } from '@mnist-kit/datasets';
import { convNet } from '@mnist-kit/models';
import { OneCycleLR, SGD } from '@mnist-kit/optim';
import { ProgressBar, perClassAccuracy, Trainer } from '@mnist-kit/trainer';
import { focalLoss } from './focal-loss.js';
import { hardestDigit } from './hardest-digit.js';

const epochs = Number(process.argv[2] ?? 3);
const generator = new Generator(7);

const [trainSet, valSet] = randomSplit(
  await mnist({ split: 'train' }),
  [12_800, 2_000, 45_200],
  new Generator(42),
);
const normalize = T.normalize({ mean: 0.1307, std: 0.3081 });
const augment = T.compose([
  T.randomAffine({ degrees: 8, translate: [0.08, 0.08], scale: [0.9, 1.1] }),
  normalize,
]);
const train = new DataLoader(trainSet, { batchSize: 64, shuffle: true, transform: augment, generator });
const val = new DataLoader(valSet, { batchSize: 500, transform: normalize });

const model = convNet({ channels: [16, 32, 32], poolAfter: [1, 2], dropout: 0.05, generator });
const optimizer = new SGD({ lr: 0.01, momentum: 0.9, nesterov: true, weightDecay: 5e-4 });
const trainer = new Trainer({
  model,
  optimizer,
  loss: focalLoss({ gamma: 2 }),
  // Steps after every batch, not after every epoch: the scheduler itself says so.
  scheduler: new OneCycleLR(optimizer, { maxLr: 0.2, totalSteps: epochs * train.length }),
  generator,
  metrics: { recall: perClassAccuracy() },
  callbacks: [new ProgressBar(), hardestDigit(console.log)],
});
await trainer.fit(train, { val, epochs });

const test = new DataLoader(await mnist({ split: 'test' }), { batchSize: 500, transform: normalize });
const { testLoss, testAccuracy } = await trainer.test(test);
console.log(`Test: focal loss ${testLoss.toFixed(4)}, accuracy ${(testAccuracy * 100).toFixed(2)}%`);
