import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as core from '@mnist-kit/core';
import { appendFileWhole, writeFileAtomic } from '@mnist-kit/core/node';
import * as engine from '@mnist-kit/engine';
import * as losses from '@mnist-kit/losses';
import * as onnx from '@mnist-kit/onnx';
import { saveOnnx } from '@mnist-kit/onnx/node';
import * as optim from '@mnist-kit/optim';
import * as plots from '@mnist-kit/plots';
import { savePlot } from '@mnist-kit/plots/node';
import * as trainer from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-core';
import '@tensorflow/tfjs-backend-cpu';
import * as tfl from '@tensorflow/tfjs-layers';

/** A public call that works, and whose arguments may be spoilt one at a time. */
export interface Call {
  readonly name: string;
  readonly args: readonly unknown[];
  readonly call: (...args: never[]) => unknown;
}

const call = (name: string, args: readonly unknown[], run: (...args: never[]) => unknown): Call => ({
  name,
  args,
  call: run,
});

const make = (name: string, Class: new (...args: never[]) => unknown, ...args: unknown[]) =>
  call(name, args, (...given) => new Class(...given));

/** A classifier of three classes on 2 x 2 images, with its weights at zero. */
function model(): tfl.LayersModel {
  return tfl.sequential({
    layers: [
      tfl.layers.flatten({ inputShape: [2, 2, 1] }),
      tfl.layers.dense({ units: 3, kernelInitializer: 'zeros' }),
    ],
  });
}

const batch = () => ({
  images: new Float32Array(8),
  labels: Int32Array.of(0, 2),
  indices: Int32Array.of(0, 1),
  size: 2,
  shape: [2, 2, 1],
});

/** A loader of one batch, or of whatever `value` is. */
const loader = (value: unknown = batch()) => ({
  batchSize: 2,
  length: 1,
  async *[Symbol.asyncIterator]() {
    yield value;
  },
});

const parameter = () => ({
  name: 'fc/kernel',
  shape: [2],
  value: new Float32Array(2),
  gradient: new Float32Array(2),
});
const target = () => ({ kind: 'softTargets', probabilities: new Float32Array(6).fill(1 / 3), scale: 0.5 });

function coreCalls(): Call[] {
  const generator = new core.Generator(1);
  const random = new core.RandomState(1);
  const draw = (name: 'rand' | 'randn' | 'randperm', ...args: unknown[]) =>
    call(`Generator.${name}`, args, (...given) => (generator[name] as (...a: never[]) => unknown)(...given));
  return [
    make('Generator', core.Generator, 1),
    call('Generator.fromState', [generator.state()], (s) => core.Generator.fromState(s)),
    call('Generator.setState', [generator.state()], (s) => new core.Generator(1).setState(s)),
    call('Generator.manualSeed', [1], (s) => new core.Generator(1).manualSeed(s)),
    draw('rand', 3),
    draw('randn', 3),
    draw('randperm', 3),
    call('Generator.uniform', [3, 0, 1], (n, low, high) => generator.uniform(n, low, high)),
    call('Generator.uniform1', [0, 1], (low, high) => generator.uniform1(low, high)),
    call('Generator.bernoulli', [3, 0.5], (n, p) => generator.bernoulli(n, p)),
    call('Generator.dropoutMask', [new Float32Array(3), 0.5], (out, p) => generator.dropoutMask(out, p)),
    make('RandomState', core.RandomState, 1),
    call('RandomState.fromState', [random.state()], (s) => core.RandomState.fromState(s)),
    call('RandomState.setState', [random.state()], (s) => new core.RandomState(1).setState(s)),
    call('RandomState.randint', [0, 3], (low, high) => random.randint(low, high)),
    call('RandomState.permutation', [3], (n) => random.permutation(n)),
    call('RandomState.shuffle', [[1, 2]], (values) => random.shuffle(values)),
    call('RandomState.beta', [1, 1], (a, b) => random.beta(a, b)),
    call('checkOptionNames', ['f', {}], (o, given) => core.checkOptionNames(o, given, { a: true } as never)),
    call('closestName', ['lr', ['lr']], (key, known) => core.closestName(key, known)),
    call('writeFileAtomic', ['file', 'text'], (path, data) => writeFileAtomic(path, data)),
    call('appendFileWhole', ['file', 'text'], (path, data) => appendFileWhole(path, data)),
  ];
}

function lossCalls(): Call[] {
  const outputs = () => tf.zeros([2, 3]);
  const labels = () => tf.tensor1d([0, 2], 'int32');
  const mixed = () => ({ lambda: 0.5, partners: Int32Array.of(1, 0) });
  return [
    call('crossEntropyLoss', [{ reduction: 'mean', labelSmoothing: 0.1 }], (o) => losses.crossEntropyLoss(o)),
    call('nllLoss', [{ reduction: 'mean' }], (o) => losses.nllLoss(o)),
    call('labelSmoothingCrossEntropy', [{ smoothing: 0.1 }], (o) => losses.labelSmoothingCrossEntropy(o)),
    call('crossEntropyLoss()', [outputs(), labels()], (o, l) => losses.crossEntropyLoss()(o, l)),
    call('nllLoss()', [outputs(), labels()], (o, l) => losses.nllLoss()(o, l)),
    call('softTargets', [Int32Array.of(0, 2), 3], (l, classes) =>
      losses.crossEntropyLoss().softTargets?.(l, classes),
    ),
    call('mixup', [{ alpha: 1, probability: 0.5, seed: 1 }], (o) => losses.mixup(o)),
    call('mixup().draw', [2, new core.Generator(1)], (n, g) => losses.mixup({ seed: 1 }).draw(n, g)),
    call('mixup().mix', [batch(), new core.Generator(1)], (b, g) => losses.mixup({ seed: 1 }).mix(b, g)),
    call('mixup().loadState', [losses.mixup({ seed: 1 }).state()], (s) => losses.mixup().loadState(s)),
    call('mixupLoss', [losses.nllLoss(), mixed()], (loss, m) => losses.mixupLoss(loss, m)),
  ];
}

function optimCalls(): Call[] {
  const sgd = () => new optim.SGD({ lr: 0.1, momentum: 0.9 });
  const common = { lr: 0.1, weightDecay: 0.1, groups: [{ match: /bias/, lr: 0.1, weightDecay: 0 }] };
  const adam = { ...common, betas: [0.9, 0.99], eps: 1e-8 };
  const stepped = sgd();
  stepped.step([parameter()]);
  const schedule = (name: string, Class: new (...args: never[]) => unknown, options: object) =>
    make(name, Class, sgd(), options);
  return [
    make('SGD', optim.SGD, { ...common, momentum: 0.9, nesterov: true }),
    make('Adam', optim.Adam, adam),
    make('AdamW', optim.AdamW, adam),
    make('Muon', optim.Muon, { lr: 0.1 }),
    call('SGD.step', [[parameter()]], (p) => sgd().step(p)),
    call('Adam.step', [[parameter()]], (p) => new optim.Adam({ lr: 0.1 }).step(p)),
    call('SGD.loadState', [stepped.state()], (s) => sgd().loadState(s)),
    call('SGD.lr', [0.1], (lr) => Object.assign(sgd(), { lr })),
    schedule('StepLR', optim.StepLR, { stepSize: 2, gamma: 0.1 }),
    schedule('MultiStepLR', optim.MultiStepLR, { milestones: [1, 2], gamma: 0.1 }),
    schedule('ExponentialLR', optim.ExponentialLR, { gamma: 0.1 }),
    schedule('LambdaLR', optim.LambdaLR, { lrLambda: () => 1 }),
    schedule('LinearLR', optim.LinearLR, { startFactor: 0.1, endFactor: 1, totalIters: 3 }),
    schedule('ConstantLR', optim.ConstantLR, { factor: 0.1, totalIters: 3 }),
    schedule('CosineAnnealingLR', optim.CosineAnnealingLR, { tMax: 3, etaMin: 0 }),
    schedule('CosineAnnealingWarmRestarts', optim.CosineAnnealingWarmRestarts, {
      t0: 3,
      tMult: 2,
      etaMin: 0,
    }),
    schedule('OneCycleLR', optim.OneCycleLR, {
      maxLr: 1,
      totalSteps: 9,
      pctStart: 0.3,
      cycleMomentum: false,
    }),
    schedule('ReduceLROnPlateau', optim.ReduceLROnPlateau, {
      mode: 'min',
      factor: 0.1,
      patience: 1,
      threshold: 0.1,
    }),
    make('ChainedScheduler', optim.ChainedScheduler, [new optim.StepLR(stepped, { stepSize: 1 })]),
    call('StepLR.loadState', [new optim.StepLR(sgd(), { stepSize: 1 }).state()], (s) =>
      new optim.StepLR(sgd(), { stepSize: 1 }).loadState(s),
    ),
    call('ReduceLROnPlateau.step', [1], (metric) => new optim.ReduceLROnPlateau(sgd()).step(metric)),
  ];
}

async function engineCalls(): Promise<Call[]> {
  const executors = await Promise.all([
    engine.createPlanExecutor(model(), { threads: 1, batchSize: 2 }),
    engine.createEagerExecutor(model(), { batchSize: 2 }),
  ]);
  const options = { engine: 'auto', threads: 1, reproducible: true, batchSize: 2 };
  const dispose = async (made: Promise<engine.Executor>) => (await made).dispose();
  return [
    call('createExecutor', [model(), options], (m, o) => dispose(engine.createExecutor(m, o))),
    call('createPlanExecutor', [model(), options], (m, o) => dispose(engine.createPlanExecutor(m, o))),
    call('createEagerExecutor', [model(), { ...options, backend: 'cpu' }], (m, o) =>
      dispose(engine.createEagerExecutor(m, o)),
    ),
    call('useBackend', ['cpu'], (name) => engine.useBackend(name)),
    ...executors.flatMap((executor) => [
      call(`${executor.engine}.drawMasks`, [2, new core.Generator(1)], (n, g) => executor.drawMasks(n, g)),
      call(`${executor.engine}.trainStep`, [new Float32Array(8), 2, target()], (i, n, t) =>
        executor.trainStep(i, n, t),
      ),
      call(`${executor.engine}.predict`, [new Float32Array(8), 2], (i, n) => executor.predict(i, n)),
      call(
        `${executor.engine}.writeWeights`,
        [{ [executor.parameters[1].name]: { shape: [3], data: new Float32Array(3) } }],
        (w) => executor.writeWeights(w),
      ),
    ]),
  ];
}

function trainerCalls(): Call[] {
  const shared = model();
  const parts = () => ({
    model: shared,
    optimizer: new optim.SGD({ lr: 0.1 }),
    loss: losses.crossEntropyLoss(),
    threads: 1,
    handleSignals: false,
    warn: () => {},
    log: () => {},
  });
  const use = async (options: object, work: (made: trainer.Trainer) => unknown) => {
    const made = new trainer.Trainer({ ...parts(), ...options } as trainer.TrainerOptions);
    try {
      await work(made);
    } finally {
      await made.dispose();
    }
  };
  const fit = { val: loader(), epochs: 1, signal: new AbortController().signal };
  const metric = () => ({ reset() {}, update() {}, compute: () => 1 });
  const options = {
    ...parts(),
    generator: new core.Generator(1),
    mixup: losses.mixup({ seed: 1 }),
    callbacks: [new trainer.Timer({ maxTime: { hours: 1 } })],
    metrics: { top: metric() },
    ...{ accumulateGradBatches: 1, gradientClip: { norm: 1 }, limitTrainBatches: 1, limitValBatches: 1 },
    ...{ valEvery: 1, numSanityValSteps: 0, maxSteps: 10, maxTime: { hours: 1 }, detectAnomaly: false },
    ...{ profiler: false, engine: 'auto', reproducible: true, scheduler: undefined, executor: undefined },
    ...{ overfitBatches: undefined, fastDevRun: undefined, deterministic: undefined },
  };
  const callbacks: Call[] = [
    make('CsvLogger', trainer.CsvLogger, { path: 'history.csv' }),
    make('JsonlLogger', trainer.JsonlLogger, { path: 'log.jsonl', everyNSteps: 1 }),
    make('TensorBoardLogger', trainer.TensorBoardLogger, {
      dir: 'tb',
      everyNSteps: 1,
      histograms: true,
      hyperparameters: { lr: 1 },
    }),
    make('EarlyStopping', trainer.EarlyStopping, {
      monitor: 'valLoss',
      mode: 'min',
      patience: 1,
      minDelta: 0,
      restoreBest: true,
    }),
    make('ExponentialMovingAverage', trainer.ExponentialMovingAverage, { decay: 0.9, warmUp: true }),
    make('StochasticWeightAveraging', trainer.StochasticWeightAveraging, { start: 0.5, lr: 0.1 }),
    make('GradientClipping', trainer.GradientClipping, { norm: 1 }),
    make('LearningRateMonitor', trainer.LearningRateMonitor, { interval: 'step' }),
    make('ModelCheckpoint', trainer.ModelCheckpoint, {
      dir: 'run',
      monitor: 'valLoss',
      mode: 'min',
      saveBest: true,
      saveLast: true,
      saveTopK: 1,
      saveState: true,
      everyNEpochs: 1,
      keepStates: 2,
    }),
    make('ProgressBar', trainer.ProgressBar, { bar: false, log: () => {} }),
    make('EventStream', trainer.EventStream, {}),
    make('TerminateOnNaN', trainer.TerminateOnNaN, {}),
    make('ThroughputMonitor', trainer.ThroughputMonitor, { window: 5 }),
    make('Timer', trainer.Timer, { maxTime: { seconds: 9 }, interval: 'step' }),
  ];
  const board = () => new trainer.TensorBoardLogger({ dir: 'tb' });
  return [
    ...callbacks,
    call('TensorBoardLogger.addScalar', ['a', 1, 1], (tag, value, step) =>
      board().addScalar(tag, value, step),
    ),
    call('TensorBoardLogger.addHistogram', ['a', new Float32Array(2), 1], (tag, values, step) =>
      board().addHistogram(tag, values, step),
    ),
    call(
      'TensorBoardLogger.addImage',
      ['a', Uint8Array.of(0x89, 0x50, 78, 71, ...new Uint8Array(40)), 1],
      (tag, png, step) => board().addImage(tag, png, step),
    ),
    call('accuracy', [], (o) => trainer.accuracy(o)),
    call('calibrationError', [{ bins: 3 }], (o) => trainer.calibrationError(o)),
    call('confusionMatrix', [], (o) => trainer.confusionMatrix(o)),
    call('perClassAccuracy', [], (o) => trainer.perClassAccuracy(o)),
    call('topKAccuracy', [{ k: 2 }], (o) => trainer.topKAccuracy(o)),
    call(
      'suggestLearningRate',
      [
        { lrs: [0.1, 0.2, 0.3], losses: [3, 2, 1] },
        { method: 'middle', smoothing: 0.5, skipBegin: 0, skipEnd: 0 },
      ],
      (sweep, o) => trainer.suggestLearningRate(sweep, o),
    ),
    call('History.from', [{ epochs: [], validations: [], stopReason: 'epochs' }], (records) =>
      trainer.History.from(records),
    ),
    call('History.values', ['valLoss'], (key) => new trainer.History().values(key)),
    call('History.best', ['valLoss', 'min'], (key, mode) => new trainer.History().best(key, mode)),
    call('Trainer', [options], async (o) => {
      const made = new trainer.Trainer(o);
      try {
        await made.fit(loader() as never, { val: loader() as never });
      } finally {
        await made.dispose();
      }
    }),
    call('fit', [loader(), fit], (l, o) => use({}, (made) => made.fit(l, o))),
    call('fit with batches', [batch()], (b) =>
      use({}, (made) => made.fit(loader(b) as never, { val: loader() as never })),
    ),
    call('val with batches', [batch()], (b) =>
      use({}, (made) => made.fit(loader() as never, { val: loader(b) as never })),
    ),
    call('test with batches', [batch()], (b) => use({}, (made) => made.test(loader(b) as never))),
    call('predict with batches', [batch()], (b) => use({}, (made) => made.predict(loader(b) as never))),
    call('overfitBatches', [batch()], (b) =>
      use({ overfitBatches: 1 }, (made) => made.fit(loader(b) as never)),
    ),
    call('a loader’s iterator', [{ next: async () => ({ done: true, value: undefined }) }], (iterator) =>
      use({}, (made) => made.test({ [Symbol.asyncIterator]: () => iterator } as never).catch(noBatch)),
    ),
    call('an iterator’s answer', [{ done: false, value: batch() }], (answer) => {
      let given = false;
      const next = () => {
        if (given) return { done: true };
        given = true;
        return answer;
      };
      const source = { [Symbol.asyncIterator]: () => ({ next }) } as never;
      return use({ limitTrainBatches: 1 }, (made) => made.fit(source).catch(noBatch));
    }),
    call('test', [loader()], (l) => use({}, (made) => made.test(l))),
    call('validate', [loader()], (l) => use({}, (made) => made.validate(l))),
    call('predict', [loader()], (l) => use({}, (made) => made.predict(l))),
    call('predict pixels', [new Float32Array(8)], (pixels) => use({}, (made) => made.predict(pixels))),
    call('findLearningRate', [loader(), { steps: 10, minLr: 1e-5, maxLr: 1 }], (l, o) =>
      use({}, (made) => made.findLearningRate(l, o)),
    ),
    call('executor', [() => engine.createExecutor(model(), { threads: 1 })], (executor) =>
      use({ executor }, (made) => made.test(loader() as never)),
    ),
    call('a metric', [metric()], (own) => use({ metrics: { own } }, (made) => made.test(loader() as never))),
    call('a callback', [{ name: 'own', onEpochEnd() {}, state: () => ({}), loadState() {} }], (own) =>
      use({ callbacks: [own] }, (made) => made.fit(loader() as never)),
    ),
    call(
      'a scheduler',
      [
        {
          scheduler: { lr: 0.1, mode: 'min', step() {}, state: () => ({}), loadState() {} },
          monitor: 'valLoss',
        },
      ],
      (scheduler) => use({ scheduler }, (made) => made.fit(loader() as never, { val: loader() as never })),
    ),
    call('mix', [{ mix: () => undefined }], (mixup) => use({ mixup }, (made) => made.fit(loader() as never))),
  ];
}

/** A loader that yields nothing is refused too, by a typed error of its own. */
function noBatch(error: unknown): void {
  if (!(error instanceof core.DataError)) throw error;
}

function plotCalls(): Call[] {
  const history = () => [
    { epoch: 1, trainLoss: 1, trainAccuracy: 0.5 },
    { epoch: 2, trainLoss: 0.5, trainAccuracy: 0.7 },
  ];
  const common = { title: 'A plot', width: 500, height: 400, theme: 'light' };
  const image = () => ({ data: new Uint8Array(4), width: 2, height: 2 });
  const predictions = () => ({ labels: [0, 1], logProbabilities: [-1, -2, -2, -1], classes: 2 });
  const svg = plots.trainingCurves(history());
  return [
    call(
      'plots.confusionMatrix',
      [
        [
          [1, 0],
          [0, 1],
        ],
        { title: 'A plot', width: 500, theme: 'light', classNames: ['a', 'b'] },
      ],
      (counts, o) => plots.confusionMatrix(counts, o),
    ),
    call('plots.countConfusions', [[0, 1], [0, 1], 2], (l, p, classes) =>
      plots.countConfusions(l, p, classes),
    ),
    call(
      'plots.digitGrid',
      [[{ image: image(), caption: ['a'], tooltip: 'b' }], { columns: 2, title: 'A plot' }],
      (images, o) => plots.digitGrid(images, o),
    ),
    call('plots.findMistakes', [predictions()], (p) => plots.findMistakes(p)),
    call('plots.worstMistakes', [[image(), image()], predictions(), { columns: 2 }], (images, p, o) =>
      plots.worstMistakes(images, p, o),
    ),
    call('plots.learningRateCurve', [[{ epoch: 1, lr: 0.1 }], { ...common, scale: 'log' }], (points, o) =>
      plots.learningRateCurve(points, o),
    ),
    call(
      'plots.learningRateFinderCurve',
      [{ lrs: [0.1, 0.2], losses: [2, 1], smoothed: [2, 1], suggestion: 0.1 }, common],
      (sweep, o) => plots.learningRateFinderCurve(sweep, o),
    ),
    call(
      'plots.lossComparison',
      [
        [
          { name: 'a', values: [2, 1] },
          { name: 'b', values: [2, 1] },
        ],
        common,
      ],
      (curves, o) => plots.lossComparison(curves, o),
    ),
    call(
      'plots.trainingCurves',
      [history(), { ...common, target: 0.9, layout: 'row', extra: [{ metric: 'trainLoss', name: 'Loss' }] }],
      (h, o) => plots.trainingCurves(h, o),
    ),
    call(
      'plots.trainingReport',
      [{ title: 'A report', history: history(), target: 0.9, results: { testAccuracy: 0.5 } }],
      (o) => plots.trainingReport(o),
    ),
    call(
      'plots.htmlReport',
      [{ title: 'A report', sections: [{ title: 'a', blocks: [{ type: 'text', text: 'b' }] }] }],
      (o) => plots.htmlReport(o),
    ),
    call('plots.toPng', [svg, { scale: 0.1 }], (content, o) => plots.toPng(content, o)),
    call('plots.savePlot', ['plot.svg', svg, {}], (path, content, o) => savePlot(path, content, o)),
  ];
}

/** Every public call, in a folder of its own. */
function onnxCalls(): Call[] {
  const shared = model();
  const options = {
    ...{ batchNorm: 'fold', layout: 'NHWC', batchSize: 2, docString: 'text', classes: ['a', 'b', 'c'] },
    ...{ normalization: { mean: 0.5, std: [0.5] }, metadata: { key: 'text' } },
  };
  return [
    call('toOnnx', [shared, options], (m, o) => onnx.toOnnx(m, o)),
    call('saveOnnx', [shared, 'model.onnx', {}], (m, path, o) => saveOnnx(m, path, o)),
    call('fromOnnx', [onnx.toOnnx(shared)], (bytes) => onnx.fromOnnx(bytes).dispose()),
  ];
}

export async function surface(): Promise<Call[]> {
  process.chdir(mkdtempSync(join(tmpdir(), 'mnist-kit-surface-')));
  await tf.setBackend('cpu');
  return [
    ...coreCalls(),
    ...lossCalls(),
    ...optimCalls(),
    ...(await engineCalls()),
    ...trainerCalls(),
    ...plotCalls(),
    ...onnxCalls(),
  ];
}

/** A path into arguments, down to what is no plain object or array any more. */
export function pathsOf(value: unknown, depth = 3): (string | number)[][] {
  if (depth === 0 || value === null || typeof value !== 'object') return [[]];
  const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  if (!plain) return [[]];
  return [
    [],
    ...Object.entries(value).flatMap(([key, inner]) =>
      pathsOf(inner, depth - 1).map((path) => [key, ...path]),
    ),
  ];
}

/** A copy of `value` with another one at the end of `path`. */
export function replaceAt(
  value: unknown,
  [key, ...rest]: readonly (string | number)[],
  by: unknown,
): unknown {
  if (key === undefined) return by;
  const copy: Record<string | number, unknown> = Array.isArray(value)
    ? ([...value] as unknown as Record<string, unknown>)
    : { ...(value as Record<string, unknown>) };
  // Symbols, such as an iterator's, go along.
  copy[key] = replaceAt(copy[key], rest, by);
  return copy;
}
