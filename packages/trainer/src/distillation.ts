import type { MaybePromise, Parameter, Settings, TensorDict } from '@mnist-kit/core';
import { checkOptionNames, type Generator, InvalidArgumentError, ModelError, math } from '@mnist-kit/core';
import { createExecutor, type Executor, type StepOutput, type StepTarget } from '@mnist-kit/engine';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { ExecutorFactory } from './options.js';

/**
 * Options of {@link distillation}.
 *
 * @example
 * ```ts
 * import { optimizedNet } from '@mnist-kit/models';
 * import { distillation, type DistillationOptions } from '@mnist-kit/trainer';
 *
 * const options: DistillationOptions = { teacher: optimizedNet(), weight: 0.7, temperature: 2 };
 * const executor = distillation(options); // give it to a Trainer
 * ```
 */
export interface DistillationOptions {
  /**
   * A trained model of the same images and classes, or several, whose probabilities are averaged. Their weights are
   * read when the student's training starts.
   */
  teacher: LayersModel | readonly LayersModel[];
  /** Share of the teacher's answer in the target, 0 to 1; the label has the rest. Default 0.5. */
  weight?: number;
  /** What the teacher's logits are divided by: above 1 its answers become softer. Default 1. */
  temperature?: number;
}

/**
 * Trains a model towards what a better one says of the very images of each batch, augmented as they are, as well as
 * towards the labels: give it to a Trainer as its `executor`.
 *
 * The target of a sample is `weight * softmax(teacher / temperature) + (1 - weight) * label`, where the label is what
 * the loss makes of it (label smoothing, mixup). After Hinton et al., "Distilling the Knowledge in a Neural Network",
 * 2015, https://arxiv.org/abs/1503.02531, except that the student's logits are not divided by the temperature. Of several
 * teachers `softmax(teacher / temperature)` is the mean.
 * Validation and test are the student's alone.
 *
 * @throws InvalidArgumentError for options out of range; in a fit for a loss that is no cross-entropy.
 * @throws ModelError, when training starts, for a teacher of other images or classes.
 * @example
 * ```ts
 * import { AdamW } from '@mnist-kit/optim';
 * import { nllLoss } from '@mnist-kit/losses';
 * import { compactNet, optimizedNet } from '@mnist-kit/models';
 * import { distillation, Trainer } from '@mnist-kit/trainer';
 *
 * const teacher = optimizedNet(); // and train it
 * const trainer = new Trainer({
 *   model: compactNet({ blocks: [{ conv: 8 }, 'maxPool', { separable: 16 }] }),
 *   optimizer: new AdamW({ lr: 1e-2 }),
 *   loss: nllLoss(),
 *   executor: distillation({ teacher, weight: 0.7, temperature: 1.5 }),
 * });
 * ```
 */
export function distillation(options: DistillationOptions): ExecutorFactory {
  checkOptionNames<DistillationOptions>('distillation', options, {
    teacher: true,
    weight: true,
    temperature: true,
  });
  const { teacher, weight = 0.5, temperature = 1 } = options ?? {};
  const teachers = Array.isArray(teacher) ? [...teacher] : [teacher];
  if (teachers.length === 0 || teachers.some((one) => typeof one?.getWeights !== 'function'))
    throw new InvalidArgumentError('teacher', 'must be a tf.LayersModel, or an array of them', teacher);
  if (!(weight >= 0 && weight <= 1))
    throw new InvalidArgumentError('weight', 'must be between 0 and 1', weight);
  if (!(Number.isFinite(temperature) && temperature > 0))
    throw new InvalidArgumentError('temperature', 'must be a finite number above 0', temperature);
  return async (model, own) => {
    const made: Executor[] = [];
    try {
      for (const one of [model, ...teachers]) made.push(await createExecutor(one, own));
      const [student, ...executors] = made;
      const sums: string[] = [];
      for (const executor of executors) sums.push(checksum(await executor.readWeights()));
      return new DistillingExecutor(student, executors, { teacher: sums.join(' '), weight, temperature });
    } catch (error) {
      await Promise.all(made.map((executor) => executor.dispose()));
      throw error;
    }
  };
}

/** The student, whose training steps have the teachers' answer in their targets. */
class DistillingExecutor implements Executor {
  readonly engine: Executor['engine'];
  readonly description: string;
  readonly reason?: string;
  readonly settings: Settings;
  readonly inputShape: Executor['inputShape'];
  readonly classes: number;
  readonly #student: Executor;
  readonly #teachers: readonly Executor[];
  readonly #weight: number;
  readonly #temperature: number;

  constructor(
    student: Executor,
    teachers: readonly Executor[],
    settings: { teacher: string; weight: number; temperature: number },
  ) {
    const [own, ...others] = [student, ...teachers].map(
      ({ inputShape, classes }) => `${inputShape.join(' x ')} to ${classes}`,
    );
    const other = others.find((shape) => shape !== own);
    if (other !== undefined)
      throw new ModelError(`The teacher must be from ${own}, as the student is. Received: ${other}`);
    this.#student = student;
    this.#teachers = teachers;
    this.#weight = settings.weight;
    this.#temperature = settings.temperature;
    this.settings = settings;
    this.engine = student.engine;
    this.description = [student, ...teachers].map(({ description }) => description).join(', teacher: ');
    this.reason = [student, ...teachers].map(({ reason }) => reason).find((reason) => reason !== undefined);
    this.inputShape = student.inputShape;
    this.classes = student.classes;
  }

  get parameters(): readonly Parameter[] {
    return this.#student.parameters;
  }

  drawMasks(size: number, generator: Generator): void {
    this.#student.drawMasks(size, generator);
  }

  async trainStep(images: Float32Array, size: number, target: StepTarget): Promise<StepOutput> {
    if (target.kind !== 'softTargets')
      throw new InvalidArgumentError('loss', 'must be a cross-entropy for distillation', 'another function');
    const mixed = Float64Array.from(target.probabilities, (own) => (1 - this.#weight) * own);
    for (const teacher of this.#teachers) this.#add(await teacher.predict(images, size), mixed, size);
    return this.#student.trainStep(images, size, { ...target, probabilities: Float32Array.from(mixed) });
  }

  parametersChanged(): MaybePromise<void> {
    return this.#student.parametersChanged();
  }

  predict(images: Float32Array, size: number): MaybePromise<Float32Array> {
    return this.#student.predict(images, size);
  }

  readWeights(): MaybePromise<TensorDict> {
    return this.#student.readWeights();
  }

  writeWeights(weights: TensorDict): MaybePromise<void> {
    return this.#student.writeWeights(weights);
  }

  syncModel(): MaybePromise<void> {
    return this.#student.syncModel();
  }

  async dispose(): Promise<void> {
    await Promise.all([this.#student, ...this.#teachers].map((executor) => executor.dispose()));
  }

  /** Adds `weight * softmax(logits / temperature)` to `probabilities`, the weight shared by all teachers. */
  #add(logits: Float32Array, probabilities: Float64Array, size: number): void {
    const { classes } = this;
    const weight = this.#weight / this.#teachers.length;
    const row = new Float64Array(classes);
    for (let start = 0; start < size * classes; start += classes) {
      let largest = Number.NEGATIVE_INFINITY;
      for (let c = 0; c < classes; c++) largest = Math.max(largest, logits[start + c]);
      let sum = 0;
      for (let c = 0; c < classes; c++) {
        row[c] = math.exp((logits[start + c] - largest) / this.#temperature);
        sum += row[c];
      }
      for (let c = 0; c < classes; c++) probabilities[start + c] += (weight * row[c]) / sum;
    }
  }
}

/** FNV-1a, http://www.isthe.com/chongo/tech/comp/fnv/, over the bits of all values. */
function checksum(weights: TensorDict): string {
  let hash = 0x811c9dc5;
  for (const { data } of Object.values(weights))
    for (const word of new Uint32Array(data.slice().buffer)) hash = Math.imul(hash ^ word, 0x01000193);
  return (hash >>> 0).toString(16).padStart(8, '0');
}
