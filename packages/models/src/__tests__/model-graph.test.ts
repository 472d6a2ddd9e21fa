import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DataError } from '@mnist-kit/core';
import { convNet } from '@mnist-kit/models';
import { loadModel, saveModel } from '@mnist-kit/models/node';
import { afterEach, beforeEach, expect, test } from 'vitest';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-graph-'));
  await saveModel(convNet({ channels: [1, 2], inputShape: [4, 4, 1] }), folder);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

interface Layer {
  name: string;
  config: { name: string };
  inbound_nodes: unknown[];
}

async function edit(change: (layers: Layer[]) => void): Promise<void> {
  const path = join(folder, 'model.json');
  const json = JSON.parse(await readFile(path, 'utf8'));
  change(json.modelTopology.config.layers);
  await writeFile(path, JSON.stringify(json));
}

// TensorFlow.js looks for these layers for ever.
test.each<[string, (layers: Layer[]) => void, RegExp]>([
  ['a layer is gone', (layers) => layers.splice(3, 1), /an input from "relu1" that is never made/],
  [
    'an input has no such name',
    (layers) => setInput(layers[2], 'conv9', 0),
    /"bn1" has an input from "conv9"/,
  ],
  [
    'an input has no such use',
    (layers) => setInput(layers[2], 'conv1', 1),
    /"bn1" has an input from "conv1"/,
  ],
  ['layers wait for each other', (layers) => setInput(layers[1], 'bn1', 0), /that is never made/],
  [
    'inputs are no list',
    (layers) => layers[2].inbound_nodes.splice(0, 1, 'conv1'),
    /"bn1" has damaged inputs/,
  ],
  ['a name comes twice', (layers) => layers.push(layers[2]), /two layers named "bn1"/],
  [
    'a layer has two names',
    (layers) => Object.assign(layers[2].config, { name: 'bn9' }),
    /another name within/,
  ],
])('a model.json whose layers cannot be joined is refused: %s', async (_, change, message) => {
  await edit((layers) => void change(layers));
  const error = await loadModel(folder).catch((caught) => caught);
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toMatch(message);
});

function setInput(layer: Layer, name: string, use: number): void {
  layer.inbound_nodes = [[[name, use, 0, {}]]];
}

test('layers may stand in any order', async () => {
  const names = async () => (await loadModel(folder)).layers.map(({ name }) => name);
  const before = await names();
  await edit((layers) => void layers.reverse());
  expect((await names()).toSorted()).toEqual(before.toSorted());
});

test.each<[string, string, RegExp]>([
  ['deep nesting', '['.repeat(1_000_000), /at most 100 levels deep/],
  ['many values', `{"a":[${'0,'.repeat(1_000_001)}0]}`, /at most 1000000 values/],
  ['many characters', ' '.repeat(16_000_001), /16000001 characters/],
  ['many keys', `{${Array.from({ length: 1001 }, (_, i) => `"${i}":0`).join(',')}}`, /at most 1000 entries/],
])('a hostile model.json is refused before it is unpacked: %s', async (_, text, message) => {
  await writeFile(join(folder, 'model.json'), text);
  const error = await loadModel(folder).catch((caught) => caught);
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toMatch(message);
});
