import { InvalidArgumentError } from '@mnist-kit/core';
import type { Executor } from '@mnist-kit/engine';
import type { LayersModel } from '@tensorflow/tfjs-layers';

/** What changes weights. */
export type TrainingMethod = 'fit' | 'findLearningRate';

interface Training {
  readonly method: TrainingMethod;
  /** What the weights that are being trained are in, once it is made. */
  executor?: Executor;
}

/** What is going on, by the model whose weights it changes and by the optimizer that keeps moments of them. */
const trainings = new WeakMap<object, Training>();

const names: Readonly<Record<TrainingMethod, string>> = {
  fit: 'a fit',
  findLearningRate: '`findLearningRate`',
};

/**
 * Notes that a Trainer begins to change a model's weights, unless another one does: two at once would each start
 * from the weights before, and what the first one trained would be lost.
 *
 * @returns `training`, to be told its executor, and `end`, which gives model and optimizer free.
 * @throws InvalidArgumentError that says which of the two is in use.
 */
export function beginTraining(
  method: TrainingMethod,
  model: LayersModel,
  optimizer: object,
): { training: Training; end: () => void } {
  for (const [name, part] of Object.entries({ model, optimizer })) {
    const other = trainings.get(part);
    if (other !== undefined)
      throw new InvalidArgumentError(
        name,
        `must be trained by one Trainer at a time: ${names[other.method]} of another one is using it. Wait for ` +
          `that to end, or give this Trainer ${name === 'model' ? 'a model' : 'an optimizer'} of its own`,
        `one in use by a ${other.method}`,
      );
  }
  const training: Training = { method };
  trainings.set(model, training);
  trainings.set(optimizer, training);
  return {
    training,
    end: () => {
      trainings.delete(model);
      trainings.delete(optimizer);
    },
  };
}

/** Copies weights that another Trainer is training into the model, so that it holds what they are now. */
export async function syncTrainedModel(model: LayersModel): Promise<void> {
  await trainings.get(model)?.executor?.syncModel();
}

/** How a method that is running is called in a sentence. */
export function describeTraining(method: TrainingMethod): string {
  return names[method];
}
