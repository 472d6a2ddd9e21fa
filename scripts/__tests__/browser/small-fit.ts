// A fit that uses what a resumed one must put back: shuffling, dropout, augmentation, momentum, a schedule, an average of
// weights. Runs in Node and in a browser.
import { Generator, sha256 } from '@mnist-kit/core';
import { arrayDataset, DataLoader, transforms as T } from '@mnist-kit/datasets';
import { nllLoss } from '@mnist-kit/losses';
import { convNet } from '@mnist-kit/models';
import { AdamW, CosineAnnealingLR } from '@mnist-kit/optim';
import {
  CsvLogger,
  ExponentialMovingAverage,
  JsonlLogger,
  ModelCheckpoint,
  Trainer,
} from '@mnist-kit/trainer';

export interface SmallFitOptions {
  /** Folder of checkpoints and logs. */
  dir: string;
  resume?: string;
  /** Aborts after this many steps. */
  abortAfter?: number;
  threads?: number;
  onStep?: (step: number) => void;
}

export interface SmallFitResult {
  /** SHA-256 of the weights. */
  readonly weights: string;
  readonly steps: number;
  readonly interrupted: boolean;
  readonly executor: string;
}

/** Two epochs of six steps, with a state after each. */
export async function smallFit(options: SmallFitOptions): Promise<SmallFitResult> {
  const { dir, resume, abortAfter, threads = 1, onStep } = options;
  const data = new Generator(7);
  const dataset = arrayDataset({
    images: data.rand(88 * 28 * 28),
    labels: Uint8Array.from({ length: 88 }, (_, i) => (i * 7) % 10),
    shape: [28, 28, 1],
  });
  const generator = new Generator(1);
  const transform = T.compose([
    T.randomAffine({ degrees: 5, translate: [0.1, 0.1] }),
    T.normalize({ mean: 0.5, std: 0.3 }),
  ]);
  const train = new DataLoader(dataset, { batchSize: 16, shuffle: true, transform, generator });
  const model = convNet({ channels: [4, 6], poolAfter: [1], dropout: 0.25, generator });
  const optimizer = new AdamW({ lr: 3e-3 });
  const controller = new AbortController();
  let steps = 0;
  const trainer = new Trainer({
    ...{ model, optimizer, loss: nllLoss(), generator, threads, engine: 'plan', handleSignals: false },
    scheduler: new CosineAnnealingLR(optimizer, { tMax: 2 }),
    log: () => {},
    callbacks: [
      new ExponentialMovingAverage({ decay: 0.9 }),
      new ModelCheckpoint({ dir, everyNSteps: 1, monitor: 'trainLoss' }),
      new JsonlLogger({ path: `${dir}/log.jsonl`, everyNSteps: 1 }),
      new CsvLogger({ path: `${dir}/history.csv` }),
      {
        onOptimizerStepEnd(_run, { step }) {
          steps = step;
          onStep?.(step);
          if (step === abortAfter) controller.abort();
        },
      },
    ],
  });
  const history = await trainer.fit(train, { epochs: 2, resume, signal: controller.signal });
  const executor = await trainer.executor();
  const weights = Object.values(await executor.readWeights()).map(({ data: values }) => values);
  const bytes = new Uint8Array(weights.reduce((sum, { byteLength }) => sum + byteLength, 0));
  let at = 0;
  for (const { buffer, byteOffset, byteLength } of weights) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), at);
    at += byteLength;
  }
  const { description } = executor;
  await trainer.dispose();
  await train.dispose();
  model.dispose();
  return {
    weights: await sha256(bytes),
    steps,
    interrupted: history.interrupted,
    executor: description,
  };
}
