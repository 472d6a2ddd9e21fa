import { createHash } from 'node:crypto';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import { arrayDataset, DataLoader } from '@mnist-kit/datasets';
import { nllLoss } from '@mnist-kit/losses';
import { AdamW, ReduceLROnPlateau } from '@mnist-kit/optim';
import { EarlyStopping, ExponentialMovingAverage, ModelCheckpoint, Trainer } from '@mnist-kit/trainer';
import * as tfl from '@tensorflow/tfjs-layers';
import { law, type Target, wholeJson } from '../target.js';
import { temporaryFolder } from './model-folder.js';
import { safetensors } from './safetensors.js';

const files = { manifest: 'manifest.json', state: 'state.json', tensors: 'tensors.safetensors' };
const epochs = 2;

let folder: string | undefined;
/** Checkpoints after an epoch and within one. */
let checkpoints: string[] = [];

/** Everything with a state that a fit can have; small, for every input trains to the end. */
async function trainFrom(resume?: string, dir?: string): Promise<void> {
  const generator = new Generator(1);
  const labels = Uint8Array.from({ length: 6 }, (_, i) => i % 2);
  const dataset = arrayDataset({ images: new Uint8Array(24).fill(9), labels, shape: [2, 2, 1] });
  const loader = new DataLoader(dataset, { batchSize: 2, shuffle: true, generator });
  const model = tfl.sequential({
    layers: [
      tfl.layers.flatten({ inputShape: [2, 2, 1] }),
      tfl.layers.dense({ name: 'fc', units: 2, kernelInitializer: 'zeros' }),
      tfl.layers.activation({ activation: 'logSoftmax' as 'softmax' }),
    ],
  });
  const optimizer = new AdamW({ lr: 0.1, weightDecay: 0.01 });
  const trainer = new Trainer({
    ...{ model, optimizer, generator, threads: 1, loss: nllLoss() },
    scheduler: new ReduceLROnPlateau(optimizer),
    callbacks: [
      new EarlyStopping({ monitor: 'valLoss', patience: 9 }),
      new ExponentialMovingAverage({ decay: 0.9 }),
      ...(dir === undefined
        ? []
        : [new ModelCheckpoint({ dir, monitor: 'trainLoss', everyNSteps: 2, keepStates: 9 })]),
    ],
    log: () => {},
  });
  try {
    const history = await trainer.fit(loader, { epochs, resume, val: loader });
    law(
      history.values('trainLoss').length <= epochs,
      `${history.values('trainLoss').length} epochs of ${epochs}`,
    );
    const written = model.weights.every((weight) => weight.read().shape.length > 0);
    law(written, 'the weights are gone');
  } finally {
    await trainer.dispose();
    model.dispose();
  }
}

async function makeCheckpoints(): Promise<void> {
  if (folder !== undefined) return;
  folder = temporaryFolder('checkpoint');
  await trainFrom(undefined, join(folder, 'run'));
  const path = join(folder, 'run', 'checkpoints');
  checkpoints = readdirSync(path)
    .filter((name) => name.startsWith('checkpoint-'))
    .toSorted()
    .map((name) => join(path, name));
}

function checkpointTarget(part: keyof typeof files, details: Pick<Target, 'tokens' | 'json'>): Target {
  return {
    ...details,
    name: `checkpoint-${part}`,
    async seeds() {
      await makeCheckpoints();
      return checkpoints.map((path) => new Uint8Array(readFileSync(join(path, files[part]))));
    },
    async run(input) {
      const path = join(folder as string, 'resumed');
      // The other files are those of the checkpoint that the input comes from, as far as one can tell.
      const own = checkpoints.findIndex(
        (one) => readFileSync(join(one, files[part])).length === input.length,
      );
      cpSync(checkpoints[Math.max(own, 0)], path, { recursive: true });
      writeFileSync(join(path, files[part]), input);
      mendManifest(path, part);
      await trainFrom(path);
    },
  };
}

/** Makes the checksums right, so that what they protect is read. */
function mendManifest(path: string, part: keyof typeof files): void {
  const file = join(path, files.manifest);
  let manifest: { sha256?: unknown; files?: { [name: string]: unknown } };
  try {
    manifest = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return;
  }
  if (typeof manifest !== 'object' || manifest === null || Array.isArray(manifest)) return;
  if (part !== 'manifest' && manifest.files !== undefined) {
    const content = readFileSync(join(path, files[part]));
    manifest.files[files[part]] = { bytes: content.length, sha256: sha256(content) };
  }
  const { sha256: _, ...rest } = manifest;
  writeFileSync(file, JSON.stringify({ ...rest, sha256: sha256(JSON.stringify(rest)) }));
}

function sha256(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex');
}

const words = [
  '"epoch"',
  '"step"',
  '"position"',
  '"history"',
  '"optimizer"',
  '"callbacks"',
  '"generators"',
  '"loader"',
];

export const checkpointTargets: readonly Target[] = [
  checkpointTarget('manifest', {
    json: wholeJson,
    tokens: ['"files"', '"version"', '"format"', '"bytes"', 'null'],
  }),
  checkpointTarget('state', {
    json: wholeJson,
    tokens: [...words, '{"$number":"NaN"}', '{"$tensor":"a"}', 'null', '[]'],
  }),
  checkpointTarget('tensors', { json: safetensors.json, tokens: safetensors.tokens }),
];
