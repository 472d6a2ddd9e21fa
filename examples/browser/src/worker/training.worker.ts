import { loadStateDict, readSafetensors } from '@mnist-kit/models';
import { type Callback, ModelCheckpoint, type RunSnapshot } from '@mnist-kit/trainer';
import { type HostContext, hostTraining } from '@mnist-kit/trainer/worker';
import { canStore } from './can-store.js';
import type { FitRequest } from './messages.js';
import { trainingData } from './training-data.js';
import { type TrainingData, type TrainingParts, trainingParts } from './training-parts.js';

/** What the calls need of a fit. */
interface Own extends TrainingParts {
  readonly data: TrainingData;
}

/** Minutes of training that a crash may cost. */
const SAVE_EVERY_MINUTES = 0.25;

/** Where the last fit was when it was ended, for browsers that let a page keep no files. */
let kept: { readonly folder: string; readonly snapshot: RunSnapshot } | undefined;
/** Net of the last fit. */
let model: TrainingParts['model'] | undefined;

const host = hostTraining({
  async prepare(request: FitRequest, context: HostContext) {
    const { settings, folder, resume, initial, drawn, mnistUrl } = request;
    const onProgress = (loaded: number, total: number | undefined) => context.send({ loaded, total });
    const data = await trainingData(settings, { mnistUrl, drawn, onProgress });
    const stored = await canStore();
    const keep = stored
      ? new ModelCheckpoint({ dir: folder, monitor: 'valAccuracy', everyNMinutes: SAVE_EVERY_MINUTES })
      : keepLast(folder);
    const { threads } = request;
    const parts = trainingParts(settings, data, { threads, callbacks: [keep], warn: context.warn });
    model?.dispose();
    model = parts.model;
    if (initial !== undefined && !resume) loadStateDict(parts.model, readSafetensors(initial));
    const from = !stored && kept?.folder === folder ? kept.snapshot : 'auto';
    return {
      trainer: parts.trainer,
      train: parts.train,
      options: { val: parts.val, epochs: settings.epochs, ...(resume && { resume: from }) },
      own: { ...parts, data } satisfies Own,
    };
  },
  calls: {
    weights: async (_: undefined, { own }: { own: Own }) => (await own.trainer.executor()).readWeights(),
    setFactor: (factor: number, { own }: { own: Own }) => own.rate.setFactor(factor),
    pictures(positions: readonly number[], { own }: { own: Own }) {
      const pixels = new Uint8Array(positions.length * 784);
      for (const [i, position] of positions.entries()) pixels.set(own.data.val.get(position).image, i * 784);
      return pixels;
    },
  },
});

/** The worker's program, for the types of its client. */
export type Host = typeof host;

function keepLast(folder: string): Callback {
  return {
    name: 'keepLast',
    runsLast: true,
    async onSafePoint(run) {
      if (run.stoppingNow) kept = { folder, snapshot: await run.snapshot() };
    },
  };
}
