import { readdirSync, readFileSync } from 'node:fs';
import {
  confusionMatrix,
  EventStream,
  perClassAccuracy,
  Trainer,
  type TrainingEvent,
  topKAccuracy,
} from '@mnist-kit/trainer';
import * as tf from '@tensorflow/tfjs-core';
import { expect, expectTypeOf, test } from 'vitest';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { nll, sgd } from './parts.js';

function setup(callbacks: EventStream[]) {
  const model = linearModel();
  const executor = new LinearExecutor(model);
  return new Trainer({ model, executor, optimizer: sgd(0.5), loss: nll, callbacks });
}

const train = () => new ListLoader(threeClasses(12), { batchSize: 4 });

test('a reader that keeps up sees every event of a fit in order', async () => {
  const events = new EventStream();
  const fit = setup([events]).fit(train(), { val: new ListLoader(threeClasses(6)), epochs: 2 });
  const seen: TrainingEvent[] = [];
  for await (const event of events) seen.push(event);
  const epoch = ['validation', 'epoch'];
  expect(seen.map(({ type }) => type).filter((type) => type !== 'step')).toEqual([
    'start',
    ...epoch,
    ...epoch,
    'end',
  ]);
  expect(seen[0]).toEqual({ type: 'start', epochs: 2, batchesPerEpoch: 3 });
  const steps = seen.flatMap((event) => (event.type === 'step' ? [event.step] : []));
  expect(steps).toEqual([...steps].sort((a, b) => a - b));
  expect(steps.at(-1)).toBe(6);
  expect(seen.at(-1)).toEqual({ type: 'end', history: await fit });
});

test('a reader that comes late finds the last step only', async () => {
  const events = new EventStream();
  await setup([events]).fit(train());
  const seen: TrainingEvent[] = [];
  for await (const event of events) seen.push(event);
  expect(seen.map(({ type }) => type)).toEqual(['start', 'step', 'epoch', 'end']);
  expect(seen[1]).toMatchObject({ step: 3, batch: 2, size: 4 });
});

test('an error ends the stream', async () => {
  const events = new EventStream();
  const fit = setup([events]).fit(new ListLoader([{ pixels: [0, 0, 0, 0], label: 9 }]));
  const seen: TrainingEvent[] = [];
  const reading = (async () => {
    for await (const event of events) seen.push(event);
  })();
  await expect(fit).rejects.toThrow('labels must be 0 to 2');
  await reading;
  expect(seen.map(({ type }) => type)).toEqual(['start', 'error']);
});

test('results are typed by the metrics', async () => {
  const model = linearModel();
  const trainer = new Trainer({
    model,
    executor: new LinearExecutor(model),
    metrics: { top2: topKAccuracy({ k: 2 }), perClass: perClassAccuracy(), confusion: confusionMatrix() },
  });
  const result = await trainer.test(new ListLoader(threeClasses(6)));
  expectTypeOf(result.testLoss).toEqualTypeOf<number>();
  expectTypeOf(result.testTop2).toEqualTypeOf<number>();
  expectTypeOf(result.testPerClass).toEqualTypeOf<number[]>();
  expectTypeOf(result.testConfusion).toEqualTypeOf<number[][]>();
  expectTypeOf(result).not.toHaveProperty('valLoss');
  expect(Object.keys(result)).toEqual([
    'testLoss',
    'testAccuracy',
    'testTop2',
    'testPerClass',
    'testConfusion',
  ]);
  expect(result.testConfusion.flat().reduce((sum, count) => sum + count)).toBe(6);
});

test('no public signature has `any` in it', async () => {
  const { default: ts } = await import('typescript');
  const dist = new URL('../../dist/', import.meta.url);
  const files = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.d.ts'),
  );
  expect(files.length).toBeGreaterThan(50);
  const found: string[] = [];
  for (const name of files) {
    const source = ts.createSourceFile(
      name,
      readFileSync(new URL(name, dist), 'utf8'),
      ts.ScriptTarget.Latest,
    );
    const visit = (node: import('typescript').Node): void => {
      if (node.kind === ts.SyntaxKind.AnyKeyword) found.push(name);
      ts.forEachChild(node, visit);
    };
    visit(source);
  }
  expect(found).toEqual([]);
});

test('weights loaded between two fits count', async () => {
  const model = linearModel();
  const trainer = new Trainer({
    model,
    executor: (m) => new LinearExecutor(m),
    optimizer: sgd(0),
    loss: nll,
  });
  await trainer.fit(train());
  const kernel = tf.tensor2d([9, 0, 0, 0, 9, 0, 0, 0, 9, 0, 0, 0], [4, 3]);
  const bias = tf.zeros([3]);
  model.setWeights([kernel, bias]);
  tf.dispose([kernel, bias]);
  const history = await trainer.fit(train());
  expect(history.last!.trainAccuracy).toBe(1);
});
