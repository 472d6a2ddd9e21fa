import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { EngineError, InvalidArgumentError, MnistKitError } from '@mnist-kit/core';
import { CallbackError, History, type Predictions } from '@mnist-kit/trainer';
import {
  hostTraining,
  TrainingClient,
  type TrainingFit,
  type TrainingHost,
  type WorkerTrainingEvent,
} from '@mnist-kit/trainer/worker';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

interface Settings {
  epochs?: number;
  threads?: number;
  samples?: number;
  maxSteps?: number;
  dir?: string;
  resume?: 'auto';
  fail?: string;
}

type Host = TrainingHost<
  Settings,
  {
    predict(pixels: Float32Array): Predictions;
    where(): { step: number; epoch: number; settings: Settings };
    setRate(lr: number): void;
    echo(value: unknown): unknown;
    alive(): number;
    unsendable(): unknown;
    fail(): void;
    weights(): string;
    hang(): void;
    exit(): void;
  }
>;

const file = (name: string) => new URL(`./workers/${name}.worker.mjs`, import.meta.url);
const start = () => new TrainingClient<Host>(() => new Worker(file('training')));

// Loading the packages takes longer than most of what is tested.
let client: TrainingClient<Host>;
let dir: string;
beforeAll(async () => {
  client = start();
  dir = await mkdtemp(join(tmpdir(), 'training-worker-'));
});
afterAll(async () => {
  await client.terminate();
  await rm(dir, { recursive: true, force: true });
});
const others: TrainingClient<Host>[] = [];
afterEach(async () => {
  for (const other of others.splice(0)) await other.terminate();
});

/** A client with a worker of its own, for what ends it. */
function another(): TrainingClient<Host> {
  const other = start();
  others.push(other);
  return other;
}

async function read(fit: TrainingFit): Promise<WorkerTrainingEvent[]> {
  const seen: WorkerTrainingEvent[] = [];
  for await (const event of fit) seen.push(event);
  return seen;
}

const typesOf = (events: readonly WorkerTrainingEvent[]) => events.map(({ type }) => type);
const failure = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => expect.fail('it did not fail'),
    (error) => error,
  );

/** Waits for the first event of a type. */
async function until<T extends WorkerTrainingEvent['type']>(fit: TrainingFit, type: T) {
  for await (const event of fit)
    if (event.type === type) return event as Extract<WorkerTrainingEvent, { type: T }>;
  return expect.fail(`no ${type}`);
}

test('a fit in a worker tells what EventStream tells, as plain data, and ends with its history', async () => {
  const fit = client.fit({ epochs: 2 });
  expect(fit.running).toBe(true);
  const events = await read(fit);
  expect(fit.running).toBe(false);
  expect(typesOf(events).filter((type) => type !== 'step')).toEqual([
    ...['message', 'start', 'validation', 'epoch', 'validation', 'epoch', 'end'],
  ]);
  expect(events[0]).toEqual({ type: 'message', message: { loaded: 10_000 } });
  expect(events[1]).toEqual({
    type: 'start',
    ...{ epochs: 2, batchesPerEpoch: 10 },
    executor: { engine: 'plan', description: 'plan, WebAssembly SIMD, 1 thread', threads: 1, vectors: 128 },
  });
  const steps = events.flatMap((event) => (event.type === 'step' ? [event] : []));
  expect(steps.reduce((sum, { merged }) => sum + merged.steps, 0)).toBe(20);
  expect(steps.at(-1)).toMatchObject({ step: 20, epoch: 2, batch: 9, size: 50 });

  const result = await fit.result;
  expect(events.at(-1)).toEqual({ type: 'end', history: result });
  const history = History.from(result);
  expect(history.stopReason).toBe('epochs');
  expect(history.epochs).toHaveLength(2);
  const records = events.flatMap((event) => (event.type === 'epoch' ? [event.record] : []));
  expect(history.epochs).toEqual(records);
});

test('merged steps have the mean of the losses of all', async () => {
  const fit = client.fit({ samples: 480 });
  const { epochs } = await fit.result;
  // Nobody read before the end: there is one event for all steps of the epoch, 9 of 50 samples and one of 30.
  const events = await read(fit);
  const [first, step] = events.flatMap((event) => (event.type === 'step' ? [event] : []));
  const merged = step ?? first;
  expect(typesOf(events).filter((type) => type === 'step').length).toBeLessThanOrEqual(2);
  expect(merged.step).toBe(10);
  expect(merged.meanLoss).toBeCloseTo(epochs[0].trainLoss, 12);
  if (merged.merged.steps === 10) {
    expect(merged.merged.loss).toBeCloseTo(epochs[0].trainLoss, 12);
    expect(merged.merged.accuracy).toBeCloseTo(epochs[0].trainAccuracy, 12);
  }
});

test('the bits are those of a fit without a worker, whatever was asked for in between', async () => {
  const plain = client.fit({ epochs: 2 });
  await plain.result;
  const expected = await client.call('weights');

  const disturbed = client.fit({ epochs: 2, threads: 2 });
  let calls = 0;
  for await (const event of disturbed) {
    if (event.type !== 'step') continue;
    disturbed.pause();
    const { step } = await client.call('where');
    expect(step).toBeGreaterThanOrEqual(event.step);
    await client.call('predict', new Float32Array(784 * 3));
    disturbed.resume();
    calls++;
  }
  expect(calls).toBeGreaterThan(0);
  expect(await client.call('weights')).toBe(expected);
});

test('a paused fit stands still between two steps and answers calls, also when it pauses before the first', async () => {
  const fit = client.fit({ epochs: 20 });
  fit.pause();
  await until(fit, 'pause');
  expect(await client.call('where')).toMatchObject({ step: 0 });
  fit.resume();
  await until(fit, 'step');
  fit.pause();
  await until(fit, 'pause');
  const before = await client.call('where');
  await new Promise((resolve) => setTimeout(resolve, 100));
  expect(await client.call('where')).toEqual(before);
  expect((await client.call('predict', new Float32Array(784))).predictions).toHaveLength(1);
  fit.resume();
  await until(fit, 'resume');
  fit.pause();
  fit.resume();
  expect((await fit.result).epochs).toHaveLength(20);
});

test('an aborted fit is interrupted after a step, saves its state, and goes on to the same bits', async () => {
  await client.fit({ epochs: 3 }).result;
  const expected = await client.call('weights');

  const first = client.fit({ epochs: 3, dir });
  await until(first, 'epoch');
  first.pause();
  await until(first, 'pause');
  first.abort('lunch');
  const { stopReason, stopMessage, epochs } = await first.result;
  expect({ stopReason, stopMessage }).toEqual({ stopReason: 'interrupted', stopMessage: 'lunch' });
  expect(epochs.length).toBeLessThan(3);
  const log = (await read(first)).flatMap((event) => (event.type === 'log' ? [event.line] : []));
  expect(log.join('\n')).toContain('Interrupted (lunch) in epoch');

  const second = client.fit({ epochs: 3, dir, resume: 'auto' });
  expect((await second.result).stopReason).toBe('epochs');
  expect(await client.call('weights')).toBe(expected);
});

test('a fit that is aborted before it is prepared has an empty history', async () => {
  const fit = client.fit({ fail: 'wait' });
  fit.abort();
  expect(await fit.result).toEqual({
    ...{ epochs: [], validations: [], stopReason: 'interrupted', stopMessage: 'aborted' },
  });
});

test('calls are answered after the fit as well; what they change counts', async () => {
  const fit = client.fit({ maxSteps: 3 });
  await fit.result;
  const { settings, step } = await client.call('where');
  expect({ settings, step }).toEqual({ settings: { maxSteps: 3 }, step: 3 });
  expect(await client.call('setRate', 0)).toBeUndefined();
  const pixels = new Float32Array(784).fill(1);
  const { outputs } = await client.call('predict', pixels, { transfer: [pixels.buffer] });
  expect(outputs).toHaveLength(10);
  expect(pixels).toHaveLength(0);
});

test('what an earlier fit held is given back', async () => {
  for (let i = 0; i < 3; i++) await client.fit({ maxSteps: 1, threads: 2 }).result;
  expect(await client.call('alive')).toBe(1);
});

test('errors keep class, message, fields and causes on their way', async () => {
  const prepare = client.fit({ fail: 'prepare', samples: 7 });
  const refused = (await failure(prepare.result)) as InvalidArgumentError;
  expect(refused).toBeInstanceOf(InvalidArgumentError);
  expect(refused.message).toBe('`samples` must be fewer. Received: samples=7');
  expect(refused.argument).toBe('samples');
  expect(refused.name).toBe('InvalidArgumentError');
  expect(await read(prepare)).toEqual([{ type: 'error', error: refused }]);

  const step = (await failure(client.fit({ fail: 'step' }).result)) as CallbackError;
  expect(step).toBeInstanceOf(CallbackError);
  expect(step).toBeInstanceOf(MnistKitError);
  expect(step).toMatchObject({ callback: 'mistake', hook: 'onTrainBatchEnd' });
  const cause = step.cause as RangeError & { code: number; unsendable: unknown };
  expect(cause).toBeInstanceOf(RangeError);
  expect(cause).toMatchObject({ name: 'NamedError', message: 'lost', code: 42 });
  expect(cause.unsendable).toBe('() => {}');
  expect(cause.cause).toBeInstanceOf(TypeError);
  expect(cause.stack).toContain('training.worker.mjs');

  await client.fit({ maxSteps: 1 }).result;
  expect(await failure(client.call('fail'))).toMatchObject({ name: 'NamedError', code: 42 });
});

test('what cannot be sent, is not there or comes too early is refused by name', async () => {
  const loose = client as TrainingClient as unknown as TrainingClient;
  await failure(client.fit({ fail: 'nothing' }).result).then((error) =>
    expect((error as Error).message).toBe(
      '`prepare` must return { trainer, train, options }. Received: prepare=undefined',
    ),
  );
  await failure(client.fit({ fail: 'unknown' }).result).then((error) =>
    expect((error as Error).message).toMatch(
      /^`option` is not an option of what `prepare` returns \(did you/,
    ),
  );
  expect(await failure(client.call('where'))).toMatchObject({
    message: expect.stringMatching(/^`call` needs a fit that was prepared/),
  });

  const fit = client.fit({ maxSteps: 1 });
  expect(() => client.fit({})).toThrow('must not be called while another fit of this client is running');
  await fit.result;
  expect(await failure(loose.call('predit', 1))).toMatchObject({
    message: '`name` is not a call of the worker\'s host (did you mean `predict`?). Received: name="predit"',
  });
  expect(await failure(loose.call('toString'))).toBeInstanceOf(InvalidArgumentError);
  expect(await failure(client.call('unsendable'))).toMatchObject({
    message: expect.stringMatching(/^`calls.unsendable` must return plain data/),
  });
  expect(() => loose.fit({ transform: () => {} })).toThrow(/^`settings` must be plain data/);
  expect(() => loose.call('echo', { transform: () => {} })).toThrow(/^`argument` must be plain data/);
  expect(() => loose.call('echo', 1, { transfers: [] } as object)).toThrow('did you mean `transfer`?');
  expect(() => new TrainingClient(5 as never)).toThrow('`start` must be a function that starts the worker');
  expect(() => new TrainingClient(() => new Worker(file('silent')), { startTimeout: 0 })).toThrow(
    'startTimeout',
  );
  expect(() => new TrainingClient(() => new Worker(file('silent')), { timeout: 1 } as object)).toThrow(
    'timeout',
  );
  // The refused fit left nothing behind.
  await client.fit({ maxSteps: 1 }).result;
});

test('a worker that dies ends fit and calls with an EngineError, and the next fit has a new one', async () => {
  const other = another();
  const fit = other.fit({ epochs: 50 });
  const pending = other.call('exit');
  const [died, unanswered] = await Promise.all([failure(fit.result), failure(pending)]);
  expect(died).toBeInstanceOf(EngineError);
  expect((died as Error).message).toBe('The training worker ended by itself, with exit code 7.');
  expect(unanswered).toBe(died);
  expect(typesOf(await read(fit)).at(-1)).toBe('error');
  expect((await other.fit({ maxSteps: 1 }).result).stopReason).toBe('stopped');
});

test('a worker that never starts, or never hosts, is an EngineError that says what to look at', async () => {
  const missing = new TrainingClient(() => new Worker(file('missing')));
  const error = (await failure(missing.fit({}).result)) as Error;
  expect(error).toBeInstanceOf(EngineError);
  expect(error.message).toMatch(
    /^The training worker did not start \(.*missing.*\)\. Its file must be there/,
  );

  const silent = new TrainingClient(() => new Worker(file('silent')), { startTimeout: 0.3 });
  expect(((await failure(silent.fit({}).result)) as Error).message).toMatch(
    /^The training worker did not call hostTraining within 0.3 s/,
  );
  const throwing = new TrainingClient(() => {
    throw new Error('no workers today');
  });
  expect(((await failure(throwing.fit({}).result)) as Error).message).toContain('(no workers today)');
  const wrong = new TrainingClient(() => ({}) as Worker);
  expect(await failure(wrong.fit({}).result)).toBeInstanceOf(InvalidArgumentError);
});

test('terminate ends a worker that hangs; fit and calls are told, and further ones refused', async () => {
  const other = another();
  const fit = other.fit({ epochs: 50 });
  await until(fit, 'start');
  const pending = failure(other.call('hang'));
  await new Promise((resolve) => setTimeout(resolve, 100));
  await other.terminate();
  expect(await pending).toBeInstanceOf(EngineError);
  expect(await failure(fit.result)).toMatchObject({ message: 'The training worker was terminated.' });
  expect(() => other.fit({})).toThrow('`client` must not be used after `terminate`');
  await other.terminate();
});

test('outside of a worker there is nothing to host', () => {
  expect(() => hostTraining({ prepare: () => expect.fail('never') })).toThrow(
    /^hostTraining must be called in a worker/,
  );
  expect(() => hostTraining({ prepare: 5 as never })).toThrow('`prepare` must be a function of the settings');
  expect(() => hostTraining({ prepares: 5 } as never)).toThrow('did you mean `prepare`?');
});
