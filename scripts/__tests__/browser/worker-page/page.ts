// The page of worker.chromium.test.ts: what it does is told by the test.
import { createExecutor } from '@mnist-kit/engine';
import { optimizedNet } from '@mnist-kit/models';
import { TrainingClient, type TrainingFit, type WorkerTrainingEvent } from '@mnist-kit/trainer/worker';
import type { Host, Settings } from './training.worker.js';

export const tools = {
  start: () =>
    new TrainingClient<Host>(
      () => new Worker(new URL('./training.worker.ts', import.meta.url), { type: 'module' }),
    ),

  /** Every event of a fit; an error as text. */
  async read(fit: TrainingFit): Promise<WorkerTrainingEvent[]> {
    const events: WorkerTrainingEvent[] = [];
    for await (const event of fit)
      events.push(event.type === 'error' ? { type: 'error', error: String(event.error) } : event);
    return events;
  },

  /** What the page's own thread runs a model on. */
  async describeHere(): Promise<string> {
    const executor = await createExecutor(optimizedNet(), { threads: 4, batchSize: 8 });
    await executor.dispose();
    return executor.description;
  },

  settings: (settings: Settings) => settings,
};

export type Tools = typeof tools;

Object.assign(globalThis, { tools });
