import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** A field set to another value. */
export interface Mutation {
  readonly field: string;
  readonly value: unknown;
  /** The value in words. */
  readonly label: string;
  /**
   * What it does: other `numbers` on both executors (default); `nothing`; other numbers on eager, and the plan
   * refuses it by name (`eager`), or the same numbers in the first step (`eagerOnly`); or both refuse it.
   */
  readonly effect?: 'numbers' | 'nothing' | 'eager' | 'eagerOnly' | 'refused';
}

/** A kind of layer with what may be set on it. */
export interface LayerCase {
  readonly name: string;
  readonly make: (config: never) => tfl.layers.Layer;
  readonly base: object;
  /** Whether it reads vectors. */
  readonly vector?: boolean;
  /** Whether it reads a value per class. */
  readonly logits?: boolean;
  /** Whether its outputs are the model's. */
  readonly head?: boolean;
  readonly inputs?: number;
  readonly mutations: readonly Mutation[];
  /** Fields that cannot have another value. */
  readonly fixed?: readonly string[];
}

const show = (value: unknown): string =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? value.constructor.name
    : JSON.stringify(value);

const set = (field: string, effect: Mutation['effect'], ...values: unknown[]): Mutation[] =>
  values.map((value) => ({ field, value, label: show(value), effect }));

interface RegularizerLike {
  apply(x: tf.Tensor): tf.Scalar;
}
// TensorFlow.js does not export the class that its layers ask for.
const Stock = tfl.regularizers.l1({ l1: 1 }).constructor as new (config?: object) => RegularizerLike;

/** A regularizer of the user's own, which says that it is TensorFlow.js's. */
class Quartic extends Stock {
  override apply(x: tf.Tensor): tf.Scalar {
    return tf.sum(tf.square(tf.square(x)));
  }
}

const same = (...fields: string[]): Mutation[] => fields.flatMap((field) => set(field, 'nothing', 'zeros'));

/** What a weight may be given: `kernel` stands for `kernelRegularizer` and so on. */
const ofWeight = (name: string): Mutation[] => [
  ...same(`${name}Initializer`),
  ...[
    ['L1', tfl.regularizers.l1({ l1: 0.5 })],
    ['L2', tfl.regularizers.l2({ l2: 10 })],
    ['L1 and L2', tfl.regularizers.l1l2({ l1: 0.3, l2: 0.7 })],
    ["L1L2's defaults", 'l1l2'],
  ].map(([label, value]) => ({ field: `${name}Regularizer`, value, label: String(label) })),
  ...set(`${name}Regularizer`, 'eager', new Quartic()),
  ...set(
    `${name}Constraint`,
    'eagerOnly',
    tfl.constraints.nonNeg(),
    tfl.constraints.maxNorm({ maxValue: 1 }),
  ),
];

const frozen: Mutation[] = [...set('name', 'nothing', 'other'), ...set('trainable', 'numbers', false)];
const plain: Mutation[] = [...set('name', 'nothing', 'other'), ...set('trainable', 'nothing', false)];
const onlyLast = (rank: number): Mutation[] => set('axis', 'nothing', rank - 1, -1);

const activations = [
  ...set('activation', 'numbers', 'relu', 'sigmoid', 'tanh', 'elu', 'gelu'),
  ...set('activation', 'eager', 'selu', 'relu6', 'hardSigmoid', 'softplus', 'softsign', 'swish', 'mish'),
];
const bias = [...set('useBias', 'numbers', false), ...ofWeight('bias')];
// These layers read 6 channels of 6 x 4 then.
const otherFormat = [
  ...set('dataFormat', 'nothing', 'channelsLast'),
  ...set('dataFormat', 'eager', 'channelsFirst'),
];
const sliding = [
  ...set('strides', 'numbers', 2, [1, 2]),
  ...set('padding', 'numbers', 'same'),
  ...otherFormat,
];

const pool = (name: string, make: LayerCase['make']): LayerCase => ({
  name,
  make,
  base: { poolSize: 2, strides: 2 },
  mutations: [
    ...plain,
    ...set('poolSize', 'numbers', 3, [2, 3]),
    ...set('strides', 'numbers', 1, [1, 2]),
    // 6 x 6 is a multiple of 2 x 2.
    ...set('padding', 'nothing', 'same'),
    ...otherFormat,
  ],
});

/** What the plan knows, and every field of it. */
export const fieldCases: readonly LayerCase[] = [
  {
    name: 'Conv2D',
    make: tfl.layers.conv2d,
    base: { filters: 4, kernelSize: 3 },
    fixed: ['activityRegularizer'],
    mutations: [
      ...frozen,
      ...set('filters', 'numbers', 5),
      ...set('kernelSize', 'numbers', 2, [3, 1]),
      ...sliding,
      ...set('dilationRate', 'eager', 2, [1, 2]),
      ...activations,
      ...set('activation', 'eager', 'softmax'),
      ...bias,
      ...ofWeight('kernel'),
    ],
  },
  {
    name: 'DepthwiseConv2D',
    make: tfl.layers.depthwiseConv2d,
    base: { kernelSize: 3 },
    fixed: ['activityRegularizer'],
    mutations: [
      ...frozen,
      ...set('depthMultiplier', 'numbers', 2),
      ...set('kernelSize', 'numbers', 2, [3, 1]),
      ...sliding,
      ...set('dilationRate', 'refused', 2),
      ...activations,
      ...bias,
      ...ofWeight('depthwise'),
    ],
  },
  {
    name: 'Dense',
    make: tfl.layers.dense,
    base: { units: 4 },
    vector: true,
    fixed: ['activityRegularizer'],
    mutations: [...frozen, ...set('units', 'numbers', 7), ...activations, ...bias, ...ofWeight('kernel')],
  },
  {
    name: 'Dense as the head',
    make: tfl.layers.dense,
    base: { units: 3 },
    vector: true,
    head: true,
    fixed: ['activityRegularizer', 'useBias', 'units'],
    mutations: [
      ...frozen,
      ...set('activation', 'numbers', 'softmax', 'sigmoid'),
      // The loss takes its own.
      ...set('activation', 'numbers', 'logSoftmax'),
      ...ofWeight('kernel'),
      ...ofWeight('bias'),
    ],
  },
  ...[false, true].map((vector) => ({
    name: `BatchNormalization of ${vector ? 'vectors' : 'images'}`,
    make: tfl.layers.batchNormalization,
    base: { momentum: 0.9, epsilon: 1e-3 },
    vector,
    mutations: [
      ...frozen,
      ...onlyLast(vector ? 2 : 4),
      ...(vector ? [] : set('axis', 'eager', 1, 2)),
      ...set('momentum', 'numbers', 0.5, 0, 1),
      ...set('epsilon', 'numbers', 0.5),
      ...set('center', 'numbers', false),
      ...set('scale', 'numbers', false),
      ...ofWeight('gamma'),
      ...ofWeight('beta'),
      ...same('movingMeanInitializer', 'movingVarianceInitializer'),
    ],
  })),
  {
    name: 'Activation',
    make: tfl.layers.activation,
    base: { activation: 'linear' },
    mutations: [...plain, ...activations],
  },
  {
    name: 'Activation of vectors',
    make: tfl.layers.activation,
    base: { activation: 'linear' },
    vector: true,
    mutations: [...plain, ...activations, ...set('activation', 'eager', 'softmax', 'logSoftmax')],
  },
  {
    name: 'ReLU',
    make: tfl.layers.reLU,
    base: {},
    mutations: [...plain, ...set('maxValue', 'eager', 0.1, 0)],
  },
  {
    name: 'LeakyReLU',
    make: tfl.layers.leakyReLU,
    base: {},
    mutations: [...plain, ...set('alpha', 'numbers', 0.7, 0, -0.5, 2)],
  },
  { name: 'ELU', make: tfl.layers.elu, base: {}, fixed: ['alpha'], mutations: plain },
  {
    name: 'Softmax',
    make: tfl.layers.softmax,
    base: {},
    vector: true,
    logits: true,
    head: true,
    mutations: [...plain, ...onlyLast(2), ...set('axis', 'refused', 0)],
  },
  ...[false, true].map((vector) => ({
    name: `Dropout of ${vector ? 'vectors' : 'images'}`,
    make: tfl.layers.dropout,
    base: { rate: 0.3 },
    vector,
    mutations: [
      ...plain,
      ...set('rate', 'numbers', 0.6, 0, 1),
      ...(vector
        ? [...set('noiseShape', 'nothing', [null, null]), ...set('noiseShape', 'eager', [null, 1])]
        : [
            ...set('noiseShape', 'numbers', [null, 1, 1, null]),
            ...set('noiseShape', 'eager', [null, null, null, 1], [null, 6, 1, 1]),
          ]),
      ...set('seed', 'refused', 3),
    ],
  })),
  pool('MaxPooling2D', tfl.layers.maxPooling2d),
  pool('AveragePooling2D', tfl.layers.averagePooling2d),
  {
    name: 'GlobalMaxPooling2D',
    make: tfl.layers.globalMaxPooling2d,
    base: {},
    mutations: [...plain, ...otherFormat],
  },
  {
    name: 'GlobalAveragePooling2D',
    make: tfl.layers.globalAveragePooling2d,
    base: {},
    mutations: [...plain, ...otherFormat],
  },
  { name: 'Flatten', make: tfl.layers.flatten, base: {}, mutations: [...plain, ...otherFormat] },
  { name: 'Add', make: tfl.layers.add, base: {}, inputs: 2, mutations: plain },
  {
    name: 'Concatenate',
    make: tfl.layers.concatenate,
    base: {},
    inputs: 2,
    mutations: [...plain, ...onlyLast(4), ...set('axis', 'eager', 1, 2)],
  },
];
