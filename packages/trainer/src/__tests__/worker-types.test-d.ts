// Checked by `npm test`'s type-check; nothing here runs. A line under `@ts-expect-error` must not compile.
import type { LoaderLike, Trainer } from '@mnist-kit/trainer';
import { hostTraining, TrainingClient, type TrainingWorker } from '@mnist-kit/trainer/worker';
import { expectTypeOf } from 'vitest';

declare const trainer: Trainer;
declare const train: LoaderLike;
declare const start: () => TrainingWorker;

const host = hostTraining({
  prepare: ({ lr }: { lr: number }, { signal }) => {
    expectTypeOf(signal).toEqualTypeOf<AbortSignal>();
    return { trainer, train, own: { lr } };
  },
  calls: {
    add: (n: number, fit) => {
      expectTypeOf(fit.settings).toEqualTypeOf<{ lr: number }>();
      expectTypeOf(fit.own).toEqualTypeOf<{ lr: number }>();
      return Promise.resolve(n + fit.own.lr);
    },
    step: (_argument: undefined, { run }) => run?.step,
    none: () => 'nothing',
  },
});

export async function whatAHostTakesItsClientGives(): Promise<void> {
  const client = new TrainingClient<typeof host>(start);
  client.fit({ lr: 1 });
  // @ts-expect-error A setting of another type.
  client.fit({ lr: '1' });
  // @ts-expect-error No settings.
  client.fit();
  expectTypeOf(await client.call('add', 1)).toEqualTypeOf<number>();
  expectTypeOf(await client.call('step')).toEqualTypeOf<number | undefined>();
  expectTypeOf(await client.call('none')).toEqualTypeOf<string>();
  // @ts-expect-error There is no such call.
  await client.call('sub', 1);
  // @ts-expect-error An argument of another type.
  await client.call('add', 'one');
  // @ts-expect-error No argument.
  await client.call('add');
}

export async function withoutTypesEverythingGoes(): Promise<void> {
  const client = new TrainingClient(start);
  client.fit({ anything: 1 });
  expectTypeOf(await client.call('anything')).toEqualTypeOf<unknown>();
  await client.call('anything', 1, { transfer: [] });
}

export const wrong = () =>
  hostTraining({
    prepare: () => ({ trainer, train }),
    // @ts-expect-error Calls are functions.
    calls: { five: 5 },
  });
