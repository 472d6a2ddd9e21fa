import type { AugmentationSettings, NetSettings, Settings } from '../settings/settings.js';
import { normalizationOf } from '../worker/normalization.js';

/** What a program is told besides the settings. */
export interface ProgramOptions {
  /** Where the page has been, for the first line. */
  readonly address?: string;
  /** What the visitor made of the rate by hand, at which step; for a comment. */
  readonly factor?: number;
}

const GROUPS = 'groups: [{ match: /\\/(bias|gamma|beta)$/, weightDecay: 0 }]';

/**
 * A TypeScript program that trains the same in Node, to the same bits: it needs the packages that it imports, and
 * `@tensorflow/tfjs-core` and `@tensorflow/tfjs-layers`. It leaves `weights.safetensors`.
 */
export function programOf(settings: Settings, { address, factor = 1 }: ProgramOptions = {}): string {
  const parts = partsOf(settings);
  const imports: Record<string, string[]> = {
    core: ['Generator'],
    datasets: [
      'DataLoader',
      settings.data === 'fashionMnist' ? 'fashionMnist' : 'mnist',
      'randomSplit',
      'Subset',
      'transforms as T',
    ],
    losses: parts.losses,
    models: [settings.net.kind, 'stateDict', 'writeSafetensors'],
    optim: parts.optim,
    trainer: ['ProgressBar', 'Trainer', ...(settings.averageFrom < 1 ? ['StochasticWeightAveraging'] : [])],
  };
  const importLines = Object.entries(imports).map(
    ([name, names]) => `import { ${[...names].sort(byName).join(', ')} } from '@mnist-kit/${name}';`,
  );
  const { mean, std } = normalizationOf(settings.data);
  const validations = settings.validations > 1 ? `  valEvery: 1 / ${settings.validations},\n` : '';
  const callbacks = [
    'new ProgressBar()',
    ...(settings.averageFrom < 1
      ? [`new StochasticWeightAveraging({ start: ${settings.averageFrom} })`]
      : []),
  ];
  return `// What was trained on the page${address === undefined ? '' : ` ${address}`}, in Node: the same bits.
//
//   npm i ${Object.keys(imports)
    .map((name) => `@mnist-kit/${name}`)
    .join(' ')} \\
//     @tensorflow/tfjs-core @tensorflow/tfjs-layers
${factor === 1 ? '' : `//\n// The learning rate was moved by hand while it trained, to ${Number(factor.toPrecision(3))} of the one below: this program does not do that.\n`}import { writeFile } from 'node:fs/promises';
${importLines.join('\n')}

const generator = new Generator(${settings.seed});
const model = ${netCall(settings.net)};
const normalize = T.normalize({ mean: ${mean}, std: ${std} });

${dataLines(settings)}
const train = new DataLoader(trainSet, {
  batchSize: ${Math.min(settings.batchSize, settings.samples)},
  shuffle: true,
  dropLast: true,
  transform: ${transformText(settings.augmentation)},
  generator,
});
const val = new DataLoader(valSet, { batchSize: 500, transform: normalize });

const optimizer = ${parts.optimizer};
const trainer = new Trainer({
  model,
  optimizer,
${parts.scheduler === undefined ? '' : `  scheduler: ${parts.scheduler},\n`}  loss: ${parts.loss},
${settings.mixup > 0 ? `  mixup: mixup({ alpha: ${settings.mixup}, seed: ${settings.seed} }),\n` : ''}  generator,
${validations}${settings.threads > 0 ? `  threads: ${settings.threads},\n` : ''}  callbacks: [${callbacks.join(', ')}],
});
const history = await trainer.fit(train, { val, epochs: ${settings.epochs} });
console.log('validation accuracy:', history.last?.valAccuracy);
await writeFile('weights.safetensors', writeSafetensors(stateDict(model)));
await trainer.dispose();
await Promise.all([train.dispose(), val.dispose()]);
`;
}

function partsOf(settings: Settings) {
  const { optimizer: kind, lr, weightDecay, schedule, epochs, labelSmoothing, mixup } = settings;
  const name = { adam: 'Adam', adamW: 'AdamW', sgd: 'SGD', muon: 'Muon' }[kind];
  const momentum = kind === 'sgd' ? ', momentum: 0.9, nesterov: true' : '';
  const optimizer = `new ${name}({ lr: ${lr}, weightDecay: ${weightDecay}, ${GROUPS}${momentum} })`;
  const schedulers: Record<typeof schedule.kind, readonly [string, string] | undefined> = {
    constant: undefined,
    step: [
      'StepLR',
      `new StepLR(optimizer, { stepSize: ${Math.max(1, Math.ceil(epochs / 3))}, gamma: 0.1 })`,
    ],
    cosine: [
      'CosineAnnealingLR',
      `new CosineAnnealingLR(optimizer, { tMax: ${epochs} * train.length, interval: 'step' })`,
    ],
    oneCycle: [
      'OneCycleLR',
      `new OneCycleLR(optimizer, {
    maxLr: ${lr},
    epochs: ${epochs},
    stepsPerEpoch: train.length,
    pctStart: ${'pctStart' in schedule ? schedule.pctStart : 0.3},
    divFactor: ${'divFactor' in schedule ? schedule.divFactor : 25},
    cycleMomentum: false,
  })`,
    ],
  };
  const scheduler = schedulers[schedule.kind];
  const lossName = labelSmoothing > 0 ? 'labelSmoothingCrossEntropy' : 'crossEntropyLoss';
  return {
    optimizer,
    scheduler: scheduler?.[1],
    optim: [name, ...(scheduler === undefined ? [] : [scheduler[0]])],
    loss: labelSmoothing > 0 ? `${lossName}({ smoothing: ${labelSmoothing} })` : `${lossName}()`,
    losses: [lossName, ...(mixup > 0 ? ['mixup'] : [])],
  };
}

function dataLines({ data, samples }: Settings): string {
  const call = data === 'fashionMnist' ? "fashionMnist({ split: 'train' })" : "mnist({ split: 'train' })";
  const note =
    data === 'drawn'
      ? '// The page trained on digits that you drew, which are only there; here MNIST takes their place.\n'
      : '';
  return `${note}const [whole, valSet] = randomSplit(await ${call}, [50_000, 10_000], new Generator(42));
const trainSet = new Subset(whole, Int32Array.from({ length: ${samples} }, (_, i) => i));`;
}

function transformText({ rotate, shift, zoom, shear }: AugmentationSettings): string {
  if (rotate === 0 && shift === 0 && zoom === 0 && shear === 0) return 'normalize';
  const options = [
    `degrees: ${rotate}`,
    ...(shift > 0 ? [`translate: [${shift}, ${shift}]`] : []),
    ...(zoom > 0 ? [`scale: [${1 - zoom}, ${1 + zoom}]`] : []),
    ...(shear > 0 ? [`shear: ${shear}`] : []),
  ];
  return `T.compose([T.randomAffine({ ${options.join(', ')} }), normalize])`;
}

function netCall(net: NetSettings): string {
  if (net.kind === 'convNet') {
    const { blocks, dropout, fcDropout } = net;
    const channels = blocks.map((block) => block.channels).join(', ');
    const poolAfter = blocks.flatMap(({ pool }, i) => (pool ? [i + 1] : [])).join(', ');
    return `convNet({
  channels: [${channels}],
  poolAfter: [${poolAfter}],
  dropout: ${dropout},
  fcDropout: ${fcDropout},
  generator,
})`;
  }
  if (net.kind === 'compactNet') {
    const blocks = net.blocks.map((block) => (typeof block === 'string' ? `'${block}'` : literal(block)));
    return `compactNet({\n  blocks: [\n${blocks.map((block) => `    ${block},\n`).join('')}  ],\n  scale: ${net.scale},\n  generator,\n})`;
  }
  return `${net.kind}({ generator })`;
}

function literal(block: object): string {
  const fields = Object.entries(block).map(
    ([key, value]) => `${key}: ${typeof value === 'string' ? `'${value}'` : value}`,
  );
  return `{ ${fields.join(', ')} }`;
}

/** As biome sorts names: without regard to case. */
function byName(a: string, b: string): number {
  return a.localeCompare(b, 'en', { sensitivity: 'base' });
}
