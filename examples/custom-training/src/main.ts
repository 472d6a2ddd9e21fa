/** Fashion-MNIST with a residual net, a loss, a callback and a layer of one's own. */
import { Generator, MnistKitError } from '@mnist-kit/core';
import { DataLoader, randomSplit, transforms as T } from '@mnist-kit/datasets';
import { OneCycleLR, SGD } from '@mnist-kit/optim';
import { ProgressBar, perClassAccuracy, Trainer } from '@mnist-kit/trainer';
import { focalLoss } from './focal-loss.js';
import { hardestClass } from './hardest-class.js';
import { loadData } from './load-data.js';
import { type Options, readOptions } from './options.js';
import { residualNet } from './residual-net.js';

async function main({ data, root, layer, epochs, trainSamples, seed }: Options): Promise<void> {
  const { train: images, test: testImages } = await loadData(data, root);
  const generator = new Generator(seed);
  const lengths = [trainSamples, 5_000, 55_000 - trainSamples];
  const [trainSet, valSet] = randomSplit(images, lengths, new Generator(42));

  const normalize =
    data === 'fashion'
      ? T.normalize({ mean: 0.286, std: 0.353 })
      : T.normalize({ mean: 0.1307, std: 0.3081 });
  const augment = T.compose([
    T.randomAffine({ degrees: 5, translate: [0.05, 0.05], scale: [0.9, 1.1] }),
    normalize,
  ]);
  const train = new DataLoader(trainSet, { batchSize: 64, shuffle: true, transform: augment, generator });
  const val = new DataLoader(valSet, { batchSize: 500, transform: normalize });

  const model = residualNet({ own: layer === 'own', generator });
  const optimizer = new SGD({
    lr: 0.01,
    momentum: 0.9,
    nesterov: true,
    weightDecay: 5e-4,
    groups: [{ match: /\/(bias|gamma|beta|scale)$/, weightDecay: 0 }],
  });
  const trainer = new Trainer({
    model,
    optimizer,
    loss: focalLoss({ gamma: 2 }),
    // Steps after every batch, not after every epoch: the scheduler itself says so.
    scheduler: new OneCycleLR(optimizer, { maxLr: 0.2, totalSteps: epochs * train.length }),
    generator,
    metrics: { recall: perClassAccuracy() },
    callbacks: [new ProgressBar(), hardestClass(images.classes, console.log)],
  });
  await trainer.fit(train, { val, epochs });

  const test = new DataLoader(testImages, { batchSize: 500, transform: normalize });
  const { testLoss, testAccuracy } = await trainer.test(test);
  console.log(`Test: focal loss ${testLoss.toFixed(4)}, accuracy ${(testAccuracy * 100).toFixed(2)}%`);
}

try {
  const options = readOptions(process.argv.slice(2));
  if (options !== undefined) await main(options);
} catch (error) {
  const ofParseArgs =
    error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS');
  if (!(error instanceof MnistKitError) && !ofParseArgs) throw error;
  console.error(`error: ${(error as Error).message}`);
  process.exitCode = 2;
}
