import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ModelError } from '@mnist-kit/core';
import { convNet, stateDict } from '@mnist-kit/models';
import { loadModel, saveModel } from '@mnist-kit/models/node';
import * as tfl from '@tensorflow/tfjs-layers';
import { law, type Target, wholeJson } from '../target.js';
import { checkSame } from './tensors.js';

/** A folder of this process's own, which goes when it ends. */
export function temporaryFolder(name: string): string {
  const folder = mkdtempSync(join(tmpdir(), `fuzz-${name}-`));
  process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const shard = 'group1-shard1of1.bin';
let folder: string | undefined;
const weights: Uint8Array[] = [];

/** The description of a model, beside the weights that belong to one of the seeds. */
export const modelJson: Target = {
  name: 'model-json',
  async seeds() {
    folder = temporaryFolder('model');
    const small = convNet({ channels: [1, 2], poolAfter: [1], inputShape: [4, 4, 1], classes: 2 });
    const stack = tfl.sequential({
      layers: [
        tfl.layers.flatten({ inputShape: [2, 2, 1] }),
        tfl.layers.dense({ name: 'fc', units: 3, kernelRegularizer: 'l1l2', biasConstraint: 'nonNeg' }),
      ],
    });
    const seeds: Uint8Array[] = [];
    for (const [i, model] of [small, stack].entries()) {
      const path = join(folder, `seed${i}`);
      await saveModel(model, path);
      const text = readFileSync(join(path, 'model.json'), 'utf8');
      weights.push(new Uint8Array(readFileSync(join(path, shard))));
      seeds.push(new TextEncoder().encode(text));
      // Without the checksums, and so as the converter writes it.
      const { weightsDigest, ...rest } = JSON.parse(text);
      law(weightsDigest !== undefined, 'a saved model has checksums');
      seeds.push(new TextEncoder().encode(JSON.stringify(rest)));
      model.dispose();
    }
    return seeds;
  },
  tokens: [
    ...[
      '"modelTopology"',
      '"weightsManifest"',
      '"weightsDigest"',
      '"paths"',
      '"weights"',
      '"quantization"',
      '"config"',
    ],
    ...[
      '"class_name"',
      '"dtype"',
      '"shape"',
      '"../seed0/model.json"',
      '"/etc/passwd"',
      '"."',
      'null',
      '[]',
      '{}',
      '1e9',
    ],
    ...[
      '"Conv2D"',
      '"Dense"',
      '"LSTM"',
      '"Lambda"',
      '"units"',
      '"filters"',
      '"inbound_nodes"',
      '"__proto__"',
    ],
  ],
  json: wholeJson,
  async run(input) {
    const path = join(folder as string, 'model');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, 'model.json'), input);
    writeFileSync(join(path, shard), weights[new TextDecoder().decode(input).includes('conv1') ? 0 : 1]);
    const model = await loadModel(path);
    try {
      await saveAgain(model);
    } finally {
      model.dispose();
    }
  },
};

/** A model that cannot be saved, or not be written as a state dict, says so. */
async function saveAgain(model: tfl.LayersModel): Promise<void> {
  const path = join(folder as string, 'again');
  try {
    await saveModel(model, path);
    const again = await loadModel(path);
    try {
      checkSame(stateDict(model), stateDict(again));
    } finally {
      again.dispose();
    }
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
  }
}
