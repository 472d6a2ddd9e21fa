// Does the rate that `findLearningRate` suggests train? Against the best of a grid of fixed rates.
//
//   npm run build && npm run test:learning-rates
//   npm run test:learning-rates -- --nets denseNet,plainNet --optimizers sgd,adam --seeds 4,5 --method steepest
//   npm run test:learning-rates -- --nets smallNet --steps 400 --rates 1e-2,3e-2,1e-1,3e-1
//
// For every net, optimizer and seed: a sweep of 100 updates, then as many steps with the suggestion and with each
// rate from 1e-5 to 10 in steps of sqrt(10), all from the same weights over the same batches. Reports the accuracy
// on 1,000 test images, and the suggestion's as a share of the best rate's; ends with 1 where one is below 0.9.
import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Generator } from '@mnist-kit/core';
import { DataLoader, mnist, Subset, transforms as T } from '@mnist-kit/datasets';
import { nllLoss } from '@mnist-kit/losses';
import { conservativeImprovedNet, convNet, improvedNet, optimizedNet } from '@mnist-kit/models';
import { Adam, AdamW, SGD } from '@mnist-kit/optim';
import { Trainer } from '@mnist-kit/trainer';
import * as tfl from '@tensorflow/tfjs-layers';
import '@tensorflow/tfjs-backend-cpu';

const { values: options } = parseArgs({
  options: {
    nets: { type: 'string', default: 'optimizedNet,improvedNet,plainNet,denseNet' },
    optimizers: { type: 'string', default: 'sgd,momentum,adam,adamw' },
    seeds: { type: 'string', default: '1,2,3' },
    steps: { type: 'string', default: '150' },
    'sweep-steps': { type: 'string', default: '100' },
    'batch-size': { type: 'string', default: '64' },
    rates: { type: 'string' },
    method: { type: 'string', default: 'middle' },
    json: { type: 'string' },
  },
});
const maxSteps = Number(options.steps);
const grid =
  options.rates?.split(',').map(Number) ?? Array.from({ length: 13 }, (_, i) => 10 ** (-5 + i / 2));
/** The share of the best rate's accuracy that a suggestion must reach. */
const ENOUGH = 0.9;

/** Stock layers with weights of their own seed. */
function layersOf(seed) {
  let next = seed * 100;
  const own = () => ({ kernelInitializer: tfl.initializers.heUniform({ seed: next++ }) });
  return {
    conv: (filters, kernelSize, more) =>
      tfl.layers.conv2d({ filters, kernelSize, activation: 'relu', ...own(), ...more }),
    pool: () => tfl.layers.maxPooling2d({ poolSize: 2 }),
    flatten: (more) => tfl.layers.flatten(more),
    dense: (units) => tfl.layers.dense({ units, activation: 'relu', ...own() }),
    head: () => [
      tfl.layers.dense({ units: 10, ...own() }),
      tfl.layers.activation({ activation: 'logSoftmax' }),
    ],
  };
}
const image = { inputShape: [28, 28, 1] };
const nets = {
  optimizedNet: (seed) => optimizedNet({ generator: new Generator(seed) }),
  improvedNet: (seed) => improvedNet({ generator: new Generator(seed) }),
  conservativeImprovedNet: (seed) => conservativeImprovedNet({ generator: new Generator(seed) }),
  smallNet: (seed) =>
    convNet({
      ...{ channels: [8, 16], poolAfter: [1, 2], dropout: 0, fcDropout: 0, generator: new Generator(seed) },
    }),
  plainNet: (seed) => {
    const { conv, pool, flatten, head } = layersOf(seed);
    return tfl.sequential({ layers: [conv(8, 3, image), pool(), conv(16, 3), pool(), flatten(), ...head()] });
  },
  deepPlainNet: (seed) => {
    const { conv, pool, flatten, dense, head } = layersOf(seed);
    return tfl.sequential({
      layers: [
        ...[conv(8, 5, { ...image, strides: 2 }), conv(12, 3, { padding: 'same' }), pool()],
        ...[conv(16, 3, { padding: 'same' }), flatten(), dense(32), ...head()],
      ],
    });
  },
  linearNet: (seed) => {
    const { flatten, head } = layersOf(seed);
    return tfl.sequential({ layers: [flatten(image), ...head()] });
  },
  denseNet: (seed) => {
    const { flatten, dense, head } = layersOf(seed);
    return tfl.sequential({ layers: [flatten(image), dense(64), ...head()] });
  },
  deepDenseNet: (seed) => {
    const { flatten, dense, head } = layersOf(seed);
    return tfl.sequential({ layers: [flatten(image), dense(128), dense(64), ...head()] });
  },
};
const optimizers = {
  sgd: (lr) => new SGD({ lr }),
  momentum: (lr) => new SGD({ lr, momentum: 0.9 }),
  nesterov: (lr) => new SGD({ lr, momentum: 0.9, nesterov: true }),
  adam: (lr) => new Adam({ lr }),
  adamw: (lr) => new AdamW({ lr }),
};

const transform = T.normalize({ mean: 0.1307, std: 0.3081 });
const some = (set, count, every) =>
  new Subset(
    set,
    Int32Array.from({ length: count }, (_, i) => i * every),
  );
const trainSet = some(await mnist({ split: 'train' }), 20_000, 3);
const testLoader = new DataLoader(some(await mnist({ split: 'test' }), 1000, 10), {
  batchSize: 100,
  transform,
});

/** A net with its loader, and Trainers that all start from the same weights and random numbers. */
async function laboratory(net, seed) {
  const model = nets[net](seed);
  const generator = new Generator(seed);
  const train = new DataLoader(trainSet, {
    ...{ batchSize: Number(options['batch-size']), shuffle: true, dropLast: true, transform, generator },
  });
  const owner = new Trainer({ model, generator, threads: 1 });
  const executor = await owner.executor();
  const weights = await executor.readWeights();
  const state = generator.state();
  const trainer = async (optimizer) => {
    await executor.writeWeights(weights);
    await executor.syncModel();
    generator.setState(state);
    return new Trainer({ model, executor, generator, optimizer, loss: nllLoss(), maxSteps });
  };
  return {
    find: async (optimizer) => {
      const steps = Number(options['sweep-steps']);
      return (await trainer(optimizer)).findLearningRate(train, { steps, method: options.method });
    },
    accuracy: async (optimizer) => {
      const trained = await trainer(optimizer);
      await trained.fit(train, { epochs: Math.ceil(maxSteps / train.length) });
      return (await trained.test(testLoader)).testAccuracy;
    },
    dispose: () => owner.dispose(),
  };
}

const columns = (cells) => cells.map((cell, i) => String(cell).padEnd(i === 0 ? 24 : 11)).join('');
const rate = (lr) => (lr === undefined ? 'none' : lr.toExponential(1));
const percent = (share) => `${(100 * share).toFixed(1)}%`;
console.log(columns(['net', 'optimizer', 'seed', 'suggested', 'accuracy', 'best rate', 'accuracy', 'share']));
const shares = [];
for (const net of options.nets.split(','))
  for (const seed of options.seeds.split(',').map(Number)) {
    const { find, accuracy, dispose } = await laboratory(net, seed);
    for (const optimizer of options.optimizers.split(',')) {
      const sweep = await find(optimizers[optimizer](1e-3));
      const { suggestion, reason } = sweep;
      const reached = suggestion === undefined ? 0 : await accuracy(optimizers[optimizer](suggestion));
      const accuracies = [];
      for (const lr of grid) accuracies.push(await accuracy(optimizers[optimizer](lr)));
      const best = Math.max(...accuracies);
      const share = reached / best;
      shares.push(share);
      const bestRate = grid[accuracies.indexOf(best)];
      console.log(
        columns([
          ...[net, optimizer, seed, rate(suggestion), percent(reached), rate(bestRate), percent(best)],
          ...[share.toFixed(3), reason ?? ''],
        ]),
      );
      if (options.json !== undefined)
        appendFileSync(
          options.json,
          `${JSON.stringify({ net, optimizer, seed, ...sweep, reached, grid, accuracies, share })}\n`,
        );
    }
    await dispose();
  }
const enough = shares.filter((share) => share >= ENOUGH).length;
const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
console.log(
  `${enough} of ${shares.length} suggestions reach ${percent(ENOUGH)} of the best rate's accuracy; ` +
    `mean share ${mean.toFixed(3)}, least ${Math.min(...shares).toFixed(3)}.`,
);
process.exitCode = enough === shares.length ? 0 : 1;
