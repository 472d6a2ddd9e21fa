import { join } from 'node:path';
import { Generator } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import { saveModel } from '@mnist-kit/models/node';
import { CsvLogger, JsonlLogger, ModelCheckpoint, TensorBoardLogger, Trainer } from '@mnist-kit/trainer';
import { LinearExecutor, linearModel } from './linear-executor.js';
import { ListLoader, threeClasses } from './list-loader.js';
import { momentum, nll } from './parts.js';

/** How a fit ended. */
export interface Ended {
  readonly weights: readonly (readonly number[])[];
  readonly history: unknown;
}

/** A fit of two epochs of three steps that keeps everything there is to keep in a folder. */
export async function keepEverything(
  dir: string,
  {
    lr = 0.2,
    resume,
    onStep,
    onSaved,
  }: { lr?: number; resume?: 'auto'; onStep?: () => void; onSaved?: (step: number) => void } = {},
) {
  const generator = new Generator(9);
  const model = linearModel();
  const executor = new LinearExecutor(model);
  const trainer = new Trainer({
    ...{ model, executor, generator, optimizer: momentum(lr), loss: nll, log: () => {}, warn: () => {} },
    callbacks: [
      { name: 'step', onBeforeOptimizerStep: onStep },
      new CsvLogger({ path: join(dir, 'history.csv') }),
      new JsonlLogger({ path: join(dir, 'log.jsonl'), everyNSteps: 1 }),
      new TensorBoardLogger({ dir: join(dir, 'events'), everyNSteps: 1 }),
      {
        name: 'results',
        onFitStart: (run) => void (run.step === 0 && run.replaces(dir, ['results.json', 'model'])),
        onFitEnd: async (run) => {
          await run.executor.syncModel();
          await saveModel(run.model, join(dir, 'model'));
          await writeFileAtomic(join(dir, 'results.json'), JSON.stringify(run.history.withoutTimings()));
        },
      },
      new ModelCheckpoint({ dir, monitor: 'trainLoss', saveTopK: 1, everyNSteps: 1 }),
      { name: 'saved', runsLast: true, onSafePoint: ({ step }) => onSaved?.(step) },
    ],
  });
  const train = new ListLoader(threeClasses(12), { generator, noise: 0.3 });
  const history = await trainer.fit(train, { epochs: 2, resume });
  const weights = executor.parameters.map(({ value }) => Array.from(value));
  return { weights, history: history.withoutTimings() } satisfies Ended;
}
