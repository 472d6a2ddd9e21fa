import {
  CheckpointError,
  checkOptionNames,
  describeFunction,
  InvalidArgumentError,
  type OptionNames,
  type Parameter,
  type Settings,
} from '@mnist-kit/core';
import { checkOptions, checkRange } from './check.js';

/**
 * Chooses parameters by name, and what they get that the others do not.
 *
 * @example No weight decay on batch norm and bias
 * ```ts
 * import { AdamW } from '@mnist-kit/optim';
 *
 * const optimizer = new AdamW({
 *   lr: 1e-3,
 *   weightDecay: 1e-2,
 *   groups: [{ match: /\/(bias|gamma|beta)$/, weightDecay: 0 }],
 * });
 * ```
 */
export interface ParameterGroupOptions {
  /** Which parameters: a test of the TensorFlow.js weight name, e.g. `/bias$/`. The first match counts. */
  match: RegExp | ((name: string) => boolean);
  /** Learning rate of this group. Default: the optimizer's. */
  lr?: number;
  /** Weight decay of this group. Default: the optimizer's. */
  weightDecay?: number;
}

/**
 * The settings of a group of parameters as they are now; a scheduler writes `lr`.
 *
 * @example
 * ```ts
 * import { type ParameterGroup, SGD } from '@mnist-kit/optim';
 *
 * const optimizer = new SGD({ lr: 0.1, groups: [{ match: /bias/, lr: 0.2 }] });
 * const [rest, biases]: readonly ParameterGroup[] = optimizer.groups;
 * console.log(rest.lr, biases.lr); // 0.1 0.2
 * ```
 */
export interface ParameterGroup {
  lr: number;
  weightDecay: number;
  /** What schedulers take as the base learning rate; set by the first scheduler. */
  initialLr?: number;
}

/**
 * Options that every optimizer has.
 *
 * @example
 * ```ts
 * import { Adam, type OptimizerOptions, SGD } from '@mnist-kit/optim';
 *
 * const options: OptimizerOptions = { lr: 1e-3, groups: [{ match: /bias/, weightDecay: 0 }] };
 * const optimizers = [new Adam(options), new SGD(options)];
 * ```
 */
export interface OptimizerOptions {
  /** Learning rate. */
  lr: number;
  /** Weight decay, 0 or more. */
  weightDecay?: number;
  /** Groups with settings of their own; parameters that match none have the optimizer's. */
  groups?: readonly ParameterGroupOptions[];
}

/**
 * Everything that an optimizer's next step depends on, besides the parameters.
 *
 * @example
 * ```ts
 * import { Adam, type OptimizerState } from '@mnist-kit/optim';
 *
 * const optimizer = new Adam({ lr: 1e-3 });
 * const state: OptimizerState = optimizer.state();
 * new Adam({ lr: 1e-3 }).loadState(state);
 * ```
 */
export interface OptimizerState {
  /** Class name of the optimizer. */
  readonly kind: string;
  /** How often `step` was called. */
  readonly step: number;
  /** How many steps each parameter took, by name. */
  readonly steps: Readonly<Record<string, number>>;
  /** The groups; the first is the default one. */
  readonly groups: readonly ParameterGroup[];
  /** Momentum (SGD) or first beta (Adam, AdamW), which a scheduler may have moved. */
  readonly momentum: number;
  /** Moments by `parameter name.slot`, e.g. `conv1/kernel.expAvg`; copies. */
  readonly tensors: Readonly<Record<string, Float32Array>>;
}

/**
 * What an optimizer remembers about one parameter.
 *
 * @example
 * ```ts
 * import type { Parameter } from '@mnist-kit/core';
 * import { Optimizer, type ParameterGroup, type ParameterSlots } from '@mnist-kit/optim';
 *
 * // Momentum: one array per parameter, which `slotNames` names.
 * class Heavy extends Optimizer {
 *   readonly kind = 'Heavy';
 *   protected readonly slotNames = ['velocity'];
 *   protected update({ value, gradient }: Parameter, group: ParameterGroup, slots: ParameterSlots): void {
 *     const [velocity] = slots.arrays;
 *     for (let i = 0; i < value.length; i++) {
 *       velocity[i] = 0.9 * velocity[i] + gradient[i];
 *       value[i] -= group.lr * velocity[i];
 *     }
 *   }
 * }
 * const optimizer = new Heavy({ lr: 1e-2 });
 * ```
 */
export interface ParameterSlots {
  /** Steps that this parameter took, this one included: 1 at the first update. */
  step: number;
  /** The arrays in the order of the optimizer's slot names, as long as the parameter, zero at first. */
  readonly arrays: readonly Float32Array[];
}

interface Slots extends ParameterSlots {
  /** The call of `step` that last updated the parameter. */
  call: number;
}

/**
 * Refuses keys that are no option of an optimizer, nor of one of its groups. For a class to call when it is
 * constructed itself, because a subclass may have options that only it knows.
 */
export function checkOptimizerOptions<T extends OptimizerOptions>(
  owner: string,
  options: T,
  names: OptionNames<T>,
): void {
  checkOptions(owner, options, names);
  if (!Array.isArray(options.groups)) return;
  for (const [i, group] of options.groups.entries())
    checkOptionNames<ParameterGroupOptions>(`groups[${i}] of ${owner}`, group, groupNames);
}

const groupNames: OptionNames<ParameterGroupOptions> = { match: true, lr: true, weightDecay: true };

/**
 * Base of the optimizers: groups, learning rate, moments by parameter name, state in and out. A subclass
 * names its slots and writes the update of one parameter.
 *
 * @example
 * ```ts
 * import { Optimizer, type ParameterGroup } from '@mnist-kit/optim';
 * import type { Parameter } from '@mnist-kit/core';
 *
 * class SignSGD extends Optimizer {
 *   readonly kind = 'SignSGD';
 *   protected readonly slotNames = [];
 *   protected update({ value, gradient }: Parameter, group: ParameterGroup): void {
 *     for (let i = 0; i < value.length; i++) value[i] -= group.lr * Math.sign(gradient[i]);
 *   }
 * }
 * const optimizer = new SignSGD({ lr: 1e-3 });
 * ```
 */
export abstract class Optimizer {
  /** Class name, which a saved state must have too. */
  abstract readonly kind: string;
  /** Names of the arrays kept per parameter. */
  protected abstract readonly slotNames: readonly string[];
  /** Momentum of SGD, the first beta of Adam and AdamW; `OneCycleLR` cycles it. Undefined: there is none. */
  momentum: number | undefined;
  /** The settings of each group; the first is for parameters that match no other. */
  readonly groups: readonly ParameterGroup[];

  /** The rates and decays that were asked for, which no scheduler moves. */
  readonly #given: readonly { lr: number; weightDecay: number; readonly match?: string }[];
  /** The momentum that was asked for, and the option that it came in. */
  #asked: { readonly option: string; readonly momentum: number } | undefined;
  readonly #matchers: readonly ((name: string) => boolean)[];
  readonly #groupOf = new Map<string, ParameterGroup>();
  readonly #slots = new Map<string, Slots>();
  #step = 0;

  /**
   * @throws InvalidArgumentError when a learning rate or weight decay is negative or not finite.
   */
  constructor(options: OptimizerOptions) {
    const { lr, weightDecay = 0, groups = [] } = options;
    checkRange('lr', lr, 0);
    checkRange('weightDecay', weightDecay, 0);
    if (!Array.isArray(groups))
      throw new InvalidArgumentError('groups', 'must be an array of { match, lr, weightDecay }', groups);
    const own = groups.map((group, i) => {
      if (group === null || typeof group !== 'object')
        throw new InvalidArgumentError(`groups[${i}]`, 'must be { match, lr, weightDecay }', group);
      const settings = { lr, weightDecay };
      if (group.lr !== undefined) settings.lr = group.lr;
      if (group.weightDecay !== undefined) settings.weightDecay = group.weightDecay;
      checkRange(`groups[${i}].lr`, settings.lr, 0);
      checkRange(`groups[${i}].weightDecay`, settings.weightDecay, 0);
      return settings;
    });
    this.groups = [{ lr, weightDecay }, ...own];
    this.#matchers = groups.map(({ match }, i) => matcher(match, i));
    const matches = groups.map(({ match }) => ({ match: describeFunction(match) }));
    this.#given = this.groups.map((group, i) => ({ ...matches[i - 1], ...group }));
  }

  /**
   * How this optimizer was set: its options with their defaults, and {@link Optimizer.lr} as it was last written. What
   * a scheduler makes of the rates is not in it.
   */
  get settings(): Settings {
    const [{ lr, weightDecay }, ...groups] = this.#given;
    const own = { lr, weightDecay, ...this.ownSettings() };
    if (groups.length === 0) return own;
    return { ...own, groups: Object.fromEntries(groups.map((group, i) => [i + 1, { ...group }])) };
  }

  /** Learning rate of the default group. Writing it leaves the other groups as they are. */
  get lr(): number {
    return this.groups[0].lr;
  }

  set lr(lr: number) {
    checkRange('lr', lr, 0);
    this.groups[0].lr = lr;
    this.#given[0].lr = lr;
  }

  /** How often {@link Optimizer.step} was called. */
  get stepCount(): number {
    return this.#step;
  }

  /**
   * Reads every parameter's `gradient` and writes its `value` in place.
   *
   * @throws InvalidArgumentError when a gradient is not as long as its value, or a name comes twice.
   * @throws CheckpointError when a loaded state does not fit the parameter's size.
   */
  step(parameters: readonly Parameter[]): void {
    if (!Array.isArray(parameters))
      throw new InvalidArgumentError(
        'parameters',
        'must be an array of { name, shape, value, gradient }',
        parameters,
      );
    for (const [i, parameter] of parameters.entries())
      if (!(parameter?.value instanceof Float32Array && parameter.gradient instanceof Float32Array))
        throw new InvalidArgumentError(
          `parameters[${i}]`,
          'must have a `value` and a `gradient` that are Float32Arrays',
          parameter,
        );
    this.#step++;
    for (const parameter of parameters) {
      const { name, value, gradient } = parameter;
      if (gradient.length !== value.length)
        throw new InvalidArgumentError(
          `gradient of ${name}`,
          `must have ${value.length} elements`,
          gradient.length,
        );
      const slots = this.#slotsOf(name, value.length);
      if (slots.call === this.#step)
        throw new InvalidArgumentError('parameters', 'must not hold the same name twice', name);
      slots.call = this.#step;
      slots.step++;
      this.update(parameter, this.#group(name), slots);
    }
  }

  /**
   * Which group a parameter belongs to: its position in {@link Optimizer.groups}, 0 for the default one.
   *
   * @param name TensorFlow.js name of the parameter, e.g. `conv1/bias`.
   */
  groupOf(name: string): number {
    return this.#matchers.findIndex((matches) => matches(name)) + 1;
  }

  /** Everything the next step depends on, besides the parameters. The arrays are copies. */
  state(): OptimizerState {
    const tensors: Record<string, Float32Array> = {};
    const steps: Record<string, number> = {};
    for (const [name, { step, arrays }] of this.#slots) {
      steps[name] = step;
      for (const [i, array] of arrays.entries()) tensors[`${name}.${this.slotNames[i]}`] = array.slice();
    }
    return {
      kind: this.kind,
      step: this.#step,
      steps,
      groups: this.groups.map((group) => ({ ...group })),
      momentum: this.momentum ?? 0,
      tensors,
    };
  }

  /**
   * Goes on from a saved state, learning rates and weight decays included.
   *
   * @throws CheckpointError when it is from another kind of optimizer, has another number of groups, or
   * lacks something. The optimizer is left as it was then.
   */
  loadState(state: OptimizerState): void {
    if (state?.kind !== this.kind)
      throw new CheckpointError(
        `This state is of ${typeof state?.kind === 'string' ? state.kind : 'no optimizer'}, not of ${this.kind}.`,
      );
    if (!Array.isArray(state.groups) || state.groups.length !== this.groups.length)
      throw new CheckpointError(
        `The state has ${state.groups?.length ?? 0} parameter groups, the optimizer has ${this.groups.length}. ` +
          'Make it with the same `groups`.',
      );
    const numbers = [
      ...state.groups.flatMap((group) => [group?.lr, group?.weightDecay]),
      ...(this.momentum === undefined ? [] : [state.momentum]),
    ];
    const steps = [state.step, ...Object.values(state.steps ?? {})];
    const isSound = numbers.every((value) => Number.isFinite(value) && value >= 0);
    if (!isSound || !steps.every((step) => Number.isSafeInteger(step) && step >= 0))
      throw new CheckpointError(
        `This state of ${this.kind} is damaged: steps, rates and momentum must be numbers of at least 0.`,
      );
    const slots = Object.entries(state.steps ?? {}).map(([name, step]) => {
      const arrays = this.slotNames.map((slot) => {
        const array = state.tensors?.[`${name}.${slot}`];
        if (!(array instanceof Float32Array))
          throw new CheckpointError(`The state lacks the tensor ${name}.${slot}.`);
        return array.slice();
      });
      return [name, { step, call: 0, arrays }] as const;
    });
    this.#slots.clear();
    for (const [name, entry] of slots) this.#slots.set(name, entry);
    this.#step = state.step;
    for (const [i, group] of this.groups.entries()) {
      // A state without it is from before any scheduler: the next one starts from the learning rate again.
      delete group.initialLr;
      Object.assign(group, state.groups[i]);
    }
    if (this.momentum !== undefined) this.momentum = state.momentum;
  }

  /**
   * After {@link Optimizer.loadState}: goes on with own settings instead of those that came with the state. A learning
   * rate that a scheduler has moved keeps its proportion to the one that the scheduler started from.
   *
   * @param names Those of {@link Optimizer.settings} that differ, e.g. `lr` or `groups.1.weightDecay`.
   * @param saved The settings that the state was saved with.
   */
  useSettings(names: readonly string[], saved: Settings): void {
    const first = { ...this.groups[0] };
    const before = [saved, ...Object.values((saved.groups ?? {}) as Settings)] as readonly Settings[];
    for (const [i, group] of this.groups.entries()) {
      const { lr, weightDecay } = this.#given[i];
      const differs = (name: string) =>
        i === 0
          ? names.includes(name)
          : names.some((n) => [`groups.${i}`, `groups.${i}.${name}`].includes(n));
      // Another choice of parameters makes another group: what the scheduler did to the default one is done to it.
      const of = differs('match') ? 0 : i;
      if (differs('lr') || differs('match')) {
        const scale = (rate: number) => scaled(rate, before[of]?.lr as number, lr);
        const { lr: now, initialLr } = of === i ? group : first;
        group.lr = scale(now);
        if (initialLr !== undefined) group.initialLr = scale(initialLr);
      }
      if (differs('weightDecay') || differs('match')) group.weightDecay = weightDecay;
    }
    if (this.#asked !== undefined && names.includes(this.#asked.option)) this.momentum = this.#asked.momentum;
  }

  /** The momentum that was asked for, which no scheduler moves; 0 where there is none, as in the state. */
  protected get givenMomentum(): number {
    return this.#asked?.momentum ?? 0;
  }

  /** For a class that has a momentum to call when it is constructed: sets it, and remembers the option it came in. */
  protected giveMomentum(option: string, momentum: number): void {
    this.momentum = momentum;
    this.#asked = { option, momentum };
  }

  /** Options of a subclass, for {@link Optimizer.settings}. */
  protected ownSettings(): Settings {
    return {};
  }

  /** Updates one parameter in place. `slots.step` is 1 at its first update. */
  protected abstract update(parameter: Parameter, group: ParameterGroup, slots: ParameterSlots): void;

  #slotsOf(name: string, length: number): Slots {
    let slots = this.#slots.get(name);
    if (slots === undefined) {
      slots = { step: 0, call: 0, arrays: this.slotNames.map(() => new Float32Array(length)) };
      this.#slots.set(name, slots);
    }
    for (const [i, array] of slots.arrays.entries())
      if (array.length !== length)
        throw new CheckpointError(
          `${name}.${this.slotNames[i]} has ${array.length} elements in the state, but the parameter has ${length}.`,
        );
    return slots;
  }

  #group(name: string): ParameterGroup {
    let group = this.#groupOf.get(name);
    if (group === undefined) {
      group = this.groups[this.groupOf(name)];
      this.#groupOf.set(name, group);
    }
    return group;
  }
}

/** A rate that was derived from `before`, derived from `now` instead. */
function scaled(rate: number, before: number, now: number): number {
  return rate === before || !(before > 0) ? now : (rate / before) * now;
}

function matcher(match: ParameterGroupOptions['match'], i: number): (name: string) => boolean {
  if (typeof match === 'function') return match;
  // `search`, unlike `test`, keeps no position between calls.
  if (match instanceof RegExp) return (name) => name.search(match) >= 0;
  throw new InvalidArgumentError(`groups[${i}].match`, 'must be a RegExp or a function of the name', match);
}
