import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { configJsonSchema, InvalidConfigError, parseSetting, readConfig } from '@mnist-kit/cli';
import { InvalidArgumentError } from '@mnist-kit/core';
import { expect, test } from 'vitest';
import { inFolder } from './run-cli.js';

const set = (...texts: string[]) => readConfig({ settings: texts.map(parseSetting) });

/** What is wrong with a config file, line by line. */
async function problems(text: string): Promise<readonly string[]> {
  return inFolder(async (folder) => {
    const file = join(folder, 'my.yaml');
    await writeFile(file, text);
    const error = await readConfig({ file }).catch((one) => one);
    expect(error).toBeInstanceOf(InvalidConfigError);
    return (error as InvalidConfigError).problems.map((line) => line.replaceAll(` (in ${file})`, ''));
  });
}

test("without a file every field has its default: the README's program", async () => {
  expect(await readConfig()).toMatchObject({
    data: { kind: 'mnist', validation: 10_000, splitSeed: 42 },
    normalize: { mean: 0.1307, std: 0.3081 },
    model: { kind: 'optimizedNet' },
    optimizer: { kind: 'Adam', lr: 1e-3, weightDecay: 1e-4 },
    scheduler: { kind: 'StepLR', stepSize: 7, gamma: 0.1 },
    epochs: 20,
    batchSize: 128,
    seed: 1,
  });
});

test('JSON and YAML say the same, and paths start where the file is', async () => {
  await inFolder(async (folder) => {
    await mkdir(join(folder, 'configs'));
    const yaml = join(folder, 'configs', 'a.yaml');
    const json = join(folder, 'configs', 'a.json');
    await writeFile(yaml, 'data: { kind: fashionMnist, root: ../data }\nepochs: 3 # few\nout: ../runs/a\n');
    await writeFile(
      json,
      JSON.stringify({ data: { kind: 'fashionMnist', root: '../data' }, epochs: 3, out: '../runs/a' }),
    );
    const config = await readConfig({ file: yaml });
    expect(config).toEqual(await readConfig({ file: json }));
    expect(config.data.root).toBe(join(folder, 'data'));
    expect(config.out).toBe(join(folder, 'runs', 'a'));
    // Its own mean and deviation, not MNIST's.
    expect(config.normalize).toEqual({ mean: 0.286, std: 0.353 });
  });
});

test('a config that is read, written and read again stays what it is', async () => {
  await inFolder(async (folder) => {
    const config = await set('optimizer.kind=Muon', 'mixup={alpha: 1}', 'scheduler.kind=OneCycleLR');
    const file = join(folder, 'again.json');
    await writeFile(file, JSON.stringify(config));
    expect(await readConfig({ file })).toEqual(config);
  });
});

test.each([
  ['epochs: 0', ['`epochs` must be a number above 0. Received: 0']],
  ['epochs: 1.5', ['`epochs` must be a whole number. Received: 1.5']],
  ['sheduler: null', ['`sheduler` is not a field (did you mean `scheduler`?)']],
  [
    'optimizer: { lr: 0.1 }',
    ['`optimizer.kind` must be "Adam", "AdamW", "SGD" or "Muon". Received: nothing'],
  ],
  [
    'optimizer: { kind: AdamW, weight_decay: 1, lr: fast }',
    [
      '`optimizer.lr` must be a number. Received: "fast"',
      '`optimizer.weight_decay` is not a field (did you mean `weightDecay`?)',
    ],
  ],
  ['scheduler: { kind: StepLR }', ['`scheduler.stepSize` must be a number. Received: nothing']],
  [
    'model: { kind: compactNet, blocks: [maxPol] }',
    ['`model.blocks.0` must be "maxPool" or "averagePool" or an object of fields. Received: "maxPol"'],
  ],
  [
    'trainer: { gradientClip: { norm: 1, value: 1 } }',
    ['`trainer.gradientClip` must be { norm } or { value }, one of the two. Received: {"norm":1,"value":1}'],
  ],
  [
    'augmentation: [{ kind: flip }]',
    ['`augmentation.0.kind` must be "randomRotation" or "randomAffine". Received: "flip"'],
  ],
  ['- 1', ['The config must be an object of fields. Received: [1]']],
])('%s is refused by name', async (text, expected) => {
  expect(await problems(text)).toEqual(expected);
});

test.each([
  ['a: [1', /must be a file of JSON or YAML/],
  ['a: 1\na: 2', /Map keys must be unique/],
])('a file that is no YAML is refused', async (text, message) => {
  await inFolder(async (folder) => {
    const file = join(folder, 'bad.yaml');
    await writeFile(file, text);
    await expect(readConfig({ file })).rejects.toThrow(message);
    await expect(readConfig({ file })).rejects.toThrow(InvalidArgumentError);
  });
});

test('--set changes one field of a default part, whatever the order', async () => {
  expect((await set('optimizer.lr=0.5')).optimizer).toEqual({
    kind: 'Adam',
    lr: 0.5,
    weightDecay: 1e-4,
    decayAll: true,
  });
  const sgd = { kind: 'SGD', lr: 0.5, weightDecay: 0, momentum: 0, decayAll: true };
  expect((await set('optimizer.lr=0.5', 'optimizer.kind=SGD')).optimizer).toEqual(sgd);
  expect((await set('optimizer.kind=SGD', 'optimizer.lr=0.5')).optimizer).toEqual(sgd);
});

test('--set takes lists, objects, null, and makes parts that are not there', async () => {
  const config = await set(
    'augmentation.0.degrees=5',
    'scheduler=null',
    'earlyStopping.target=0.99',
    'trainer.gradientClip={norm: 1}',
  );
  expect(config.augmentation[0]).toEqual({ kind: 'randomRotation', degrees: 5 });
  expect(config.scheduler).toBe(null);
  expect(config.earlyStopping).toEqual({ target: 0.99 });
  expect(config.trainer.gradientClip).toEqual({ norm: 1 });
});

test.each([
  ['optimizer.lr', 'must be field=value'],
  ['=1', 'must be field=value'],
  ['a..b=1', 'must be field=value'],
  ['epochs=[1', 'must have a value of YAML'],
])('--set %s is refused', (text, message) => {
  expect(() => parseSetting(text)).toThrow(message);
});

test('a wrong value names the option that it came from, and two options for one field are refused', async () => {
  const option = { path: 'optimizer.lr', value: -1, option: '--lr' };
  await expect(readConfig({ settings: [option] })).rejects.toThrow(
    '`--lr` must be a number above 0. Received: -1',
  );
  await expect(set('epochs.x=2')).rejects.toThrow('epochs is 20 and has none');
  await expect(set('seed=1', 'seed=2')).rejects.toThrow('must not set seed again');
});

test('schema.json is what the types say', async () => {
  const file = JSON.parse(await readFile(new URL('../../schema.json', import.meta.url), 'utf8'));
  // After a change: node packages/cli/scripts/write-schema.mjs
  expect(file).toEqual(JSON.parse(JSON.stringify(configJsonSchema())));
});
