/** The README's first program; a test holds the two together. */
export const PROGRAM = `import { Generator } from '@mnist-kit/core';
import { DataLoader, mnist, randomSplit, transforms as T } from '@mnist-kit/datasets';
import { optimizedNet } from '@mnist-kit/models';
import { nllLoss } from '@mnist-kit/losses';
import { Adam, StepLR } from '@mnist-kit/optim';
import { EarlyStopping, ModelCheckpoint, ProgressBar, Trainer } from '@mnist-kit/trainer';

const generator = new Generator(1);
const normalize = T.normalize({ mean: 0.1307, std: 0.3081 });
const augment = T.compose([T.randomRotation(10), T.randomAffine({ degrees: 0, translate: [0.1, 0.1] }), normalize]);

const [trainSet, valSet] = randomSplit(await mnist({ split: 'train' }), [50_000, 10_000], new Generator(42));
const train = new DataLoader(trainSet, { batchSize: 128, shuffle: true, transform: augment, generator });
const val = new DataLoader(valSet, { batchSize: 128, transform: normalize });

const model = optimizedNet({ generator });
const optimizer = new Adam({ lr: 1e-3, weightDecay: 1e-4 });
const trainer = new Trainer({
  model, optimizer, loss: nllLoss(), generator,
  scheduler: new StepLR(optimizer, { stepSize: 7, gamma: 0.1 }),
  callbacks: [new ProgressBar(), new ModelCheckpoint({ dir: 'runs/first', monitor: 'valAccuracy' }), new EarlyStopping({ monitor: 'valAccuracy', target: 0.994 })],
});
const history = await trainer.fit(train, { val, epochs: 20 });
console.log(await trainer.test(new DataLoader(await mnist({ split: 'test' }), { batchSize: 512, transform: normalize })));
`;
