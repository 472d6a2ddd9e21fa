import { Generator, RandomState } from '@mnist-kit/core';
import { arrayDataset, DataLoader } from '@mnist-kit/datasets';
import * as optim from '@mnist-kit/optim';
import type { Json } from '../json-edits.js';
import { jsonBytes, law, readEach, type Target, wholeJson } from '../target.js';

// A state is data that a user keeps where he likes, so it comes as JSON; an array of float32 as `{ "$f32": [...] }`.

function pack(value: unknown): Json {
  if (value instanceof Float32Array)
    return { $f32: Array.from(value, (one) => (Number.isFinite(one) ? one : String(one))) };
  if (Array.isArray(value)) return value.map(pack);
  if (typeof value !== 'object' || value === null) return (value ?? null) as Json;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, pack(child)]));
}

function unpack(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(unpack);
  if (typeof value !== 'object' || value === null) return value;
  const { $f32 } = value as { $f32?: unknown };
  if (Array.isArray($f32)) return Float32Array.from($f32.map(Number));
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, unpack(child)]));
}

/** The state in an input; undefined when it is no JSON, which is nobody's business here. */
function stateIn(input: Uint8Array): unknown {
  try {
    return unpack(JSON.parse(new TextDecoder().decode(input)));
  } catch {
    return undefined;
  }
}

const tokens = [
  'null',
  '[]',
  '{}',
  '-1',
  '1e999',
  '0.5',
  '"NaN"',
  'true',
  '"__proto__"',
  ',',
  ':',
  '{"$f32":[1]}',
];

export const generatorState: Target = {
  name: 'generator-state',
  seeds() {
    const generators = [1, 2].map((seed) => new Generator(seed));
    generators[0].randn(3);
    generators[1].randomUint32();
    const random = new RandomState(3);
    random.beta(2, 3);
    return [...generators, random, new RandomState(4)].map((one) => jsonBytes(one.state()));
  },
  tokens,
  json: wholeJson,
  run: (input) =>
    readEach(
      () => checkGenerator(stateIn(input) as never),
      () => checkRandomState(stateIn(input) as never),
    ),
};

function checkGenerator(state: ReturnType<Generator['state']>): void {
  const generator = Generator.fromState(state);
  const again = Generator.fromState(JSON.parse(JSON.stringify(generator.state())));
  const draws = [generator, again].map((one) => [
    ...[one.randn(3), one.rand(700), one.uniform(2, -1, 1), one.bernoulli(4, 0.5), one.randn(20)].flatMap(
      (drawn) => [...drawn],
    ),
    ...[...one.randperm(7)].toSorted(),
    one.randomUint32(),
  ]);
  law(String(draws[0]) === String(draws[1]), 'a restored generator draws something else');
  law(draws[0].every(Number.isFinite), 'a restored generator draws what is no number');
  law(
    draws[0].slice(3, 703).every((value) => value >= 0 && value < 1),
    '`rand` is not within [0, 1)',
  );
  law(String(draws[0].slice(-8, -1)) === '0,1,2,3,4,5,6', '`randperm` is no permutation');
}

function checkRandomState(state: ReturnType<RandomState['state']>): void {
  const random = RandomState.fromState(state);
  const again = RandomState.fromState(JSON.parse(JSON.stringify(random.state())));
  const draws = [random, again].map((one) => [
    one.random(),
    one.beta(0.4, 0.4),
    one.beta(2, 3),
    one.randint(0, 10),
  ]);
  law(String(draws[0]) === String(draws[1]), 'a restored random state draws something else');
  law(
    draws[0].every((value, i) => value >= 0 && value < (i === 3 ? 10 : 1.0000001)),
    `draws ${draws[0]}`,
  );
}

const makeOptimizers = [
  () =>
    new optim.SGD({ lr: 0.1, momentum: 0.9, nesterov: true, groups: [{ match: /bias/, weightDecay: 0 }] }),
  () => new optim.SGD({ lr: 0.1 }),
  () => new optim.Adam({ lr: 0.1, amsgrad: true }),
  () => new optim.AdamW({ lr: 0.1, weightDecay: 0.01 }),
];

function parameters() {
  return ['fc/kernel', 'fc/bias'].map((name, i) => ({
    ...{ name, shape: [3 - i], value: new Float32Array(3 - i).fill(1) },
    gradient: new Float32Array(3 - i).fill(0.5),
  }));
}

export const optimizerState: Target = {
  name: 'optimizer-state',
  seeds: () =>
    makeOptimizers.flatMap((make) => {
      const optimizer = make();
      const fresh = jsonBytes(pack(optimizer.state()) as object);
      optimizer.step(parameters());
      optimizer.step(parameters());
      return [fresh, jsonBytes(pack(optimizer.state()) as object)];
    }),
  tokens,
  json: wholeJson,
  run: (input) =>
    readEach(
      ...makeOptimizers.map((make) => () => {
        const optimizer = make();
        optimizer.loadState(stateIn(input) as never);
        const saved = JSON.stringify(pack(optimizer.state()));
        const again = make();
        again.loadState(unpack(JSON.parse(saved)) as never);
        law(JSON.stringify(pack(again.state())) === saved, 'a state that was loaded is not what is saved');
        const stepped = [optimizer, again].map((one) => {
          const updated = parameters();
          one.step(updated);
          return String(updated.map(({ value }) => [...value]));
        });
        law(stepped[0] === stepped[1], 'the steps after a restored state are not the same');
        law(optimizer.stepCount === again.stepCount, 'the numbers of steps are not the same');
        law(
          Number.isSafeInteger(optimizer.stepCount) && optimizer.stepCount > 0,
          `${optimizer.stepCount} steps`,
        );
      }),
    ),
};

const makeSchedulers: readonly ((
  optimizer: optim.Optimizer,
) => optim.LRScheduler | optim.ChainedScheduler)[] = [
  (one) => new optim.StepLR(one, { stepSize: 2 }),
  (one) => new optim.MultiStepLR(one, { milestones: [2, 4] }),
  (one) => new optim.CosineAnnealingLR(one, { tMax: 5 }),
  (one) => new optim.CosineAnnealingWarmRestarts(one, { t0: 3 }),
  (one) => new optim.OneCycleLR(one, { maxLr: 0.5, totalSteps: 10 }),
  (one) => new optim.ReduceLROnPlateau(one, { patience: 1 }),
  (one) => new optim.ExponentialLR(one, { gamma: 0.9 }),
  (one) => new optim.LinearLR(one),
  (one) =>
    new optim.ChainedScheduler([
      new optim.StepLR(one, { stepSize: 2 }),
      new optim.ExponentialLR(one, { gamma: 0.9 }),
    ]),
];

export const schedulerState: Target = {
  name: 'scheduler-state',
  seeds: () =>
    makeSchedulers.flatMap((make) => {
      const scheduler = make(new optim.SGD({ lr: 0.1, momentum: 0.9 }));
      const fresh = jsonBytes(scheduler.state());
      scheduler.step(scheduler instanceof optim.ReduceLROnPlateau ? 1 : undefined);
      return [fresh, jsonBytes(scheduler.state())];
    }),
  tokens,
  json: wholeJson,
  run: (input) =>
    readEach(
      ...makeSchedulers.map((make) => () => {
        const optimizers = [
          new optim.SGD({ lr: 0.1, momentum: 0.9 }),
          new optim.SGD({ lr: 0.1, momentum: 0.9 }),
        ];
        const [scheduler, again] = optimizers.map((one) => make(one));
        const metric = scheduler instanceof optim.ReduceLROnPlateau ? 1 : undefined;
        scheduler.loadState(stateIn(input) as never);
        again.loadState(JSON.parse(JSON.stringify(scheduler.state())) as never);
        for (const one of [scheduler, again]) one.step(metric);
        law(
          optimizers.every(({ lr }) => lr >= 0 && lr < Infinity),
          `the learning rate is ${optimizers[0].lr}`,
        );
        law(optimizers[0].lr === optimizers[1].lr, 'a restored scheduler gives another learning rate');
      }),
    ),
};

function makeLoader(shuffle: boolean): DataLoader {
  const labels = Uint8Array.from({ length: 10 }, (_, i) => i);
  const dataset = arrayDataset({ images: new Uint8Array(40), labels, shape: [2, 2, 1] });
  return new DataLoader(dataset, { batchSize: 3, shuffle, generator: new Generator(1) });
}

export const loaderState: Target = {
  name: 'loader-state',
  async seeds() {
    const states: Uint8Array[] = [];
    for (const shuffle of [true, false]) {
      const loader = makeLoader(shuffle);
      states.push(jsonBytes(loader.state() as object));
      const iterator = loader[Symbol.asyncIterator]();
      await iterator.next();
      states.push(jsonBytes(loader.state() as object));
      iterator.prefetch?.();
      states.push(jsonBytes(loader.state() as object));
      await iterator.return?.();
    }
    return states;
  },
  tokens,
  json: wholeJson,
  run: (input) =>
    readEach(
      ...[true, false].map((shuffle) => async () => {
        const loader = makeLoader(shuffle);
        const state = stateIn(input) as { batches: number } | null;
        loader.resume(state as never);
        let samples = 0;
        for await (const { indices } of loader) {
          samples += indices.length;
          law(
            indices.every((i) => i >= 0 && i < 10),
            `indices ${[...indices]}`,
          );
        }
        const batches = state?.batches ?? 0;
        law(samples === Math.max(0, 10 - 3 * batches), `${samples} samples after ${batches} batches`);
      }),
    ),
};
