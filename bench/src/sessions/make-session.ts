import type { Work } from '../works/work.js';
import type { Engine } from './engine.js';
import { inferenceSession } from './inference.js';
import type { Session } from './session.js';
import { busySession, epochSession, trainStepSession } from './training.js';

/** What a child process is told to do. */
export interface SessionOptions {
  readonly work: Work;
  readonly engine: Engine;
  /** Folder of the IDX files. */
  readonly root: string;
}

export async function makeSession({ work, engine, root }: SessionOptions): Promise<Session> {
  // Imported when asked for: what the peers need must not delay the others' first step.
  if (engine.name === 'tfjs') return (await import('./stock.js')).stockSession(work, engine.backend, root);
  if (engine.name === 'jax-js') return (await import('./jax-js.js')).jaxJsSession(work, root);
  if (engine.name === 'onnxruntime')
    return (await import('./onnxruntime.js')).onnxRuntimeSession(work, engine, root);
  if (work.kind === 'train-step') return trainStepSession(work, engine, root);
  if (work.kind === 'engine-busy') return busySession(work, engine, root);
  if (work.kind === 'inference') return inferenceSession(work, engine, root);
  const session = await epochSession(work, engine, root);
  if (work.kind === 'time-to-first-step') await session.step();
  return session;
}
