import type { FieldReader } from '../field-reader.js';
import type { LayerKind } from '../layer-kind.js';
import type { ActivationOperation } from '../operation.js';

const torchTypes: Readonly<Record<string, string>> = {
  relu: 'ReLU',
  leakyRelu: 'LeakyReLU',
  elu: 'ELU',
  sigmoid: 'Sigmoid',
  tanh: 'Tanh',
  softmax: 'Softmax',
  logSoftmax: 'LogSoftmax',
  gelu: 'GELU',
};

const kind = (
  className: string,
  read: (fields: FieldReader) => Omit<ActivationOperation, 'kind'>,
): LayerKind<ActivationOperation> => ({
  className,
  read: (fields) => ({ kind: 'activation', ...read(fields) }),
  torchType: ({ name }) => torchTypes[name] ?? name,
});

/** Layers that apply a function to every value, or a softmax. */
export const activationKinds: readonly LayerKind<ActivationOperation>[] = [
  kind('Activation', (fields) => fields.activation()),
  kind('ReLU', (fields) => ({ name: 'relu', maxValue: fields.value('maxValue') as number | undefined })),
  kind('LeakyReLU', (fields) => ({ name: 'leakyRelu', alpha: fields.number('alpha', 0.3) })),
  kind('ELU', (fields) => ({ name: 'elu', alpha: fields.number('alpha', 1) })),
  kind('Softmax', (fields) => {
    const axis = fields.value('axis') ?? 1;
    const [one, ...others] = Array.isArray(axis) ? (axis as number[]) : [axis as number];
    // TensorFlow.js takes 1 where nothing is said, which is the last axis of vectors only.
    const last = fields.rank - 1;
    if (others.length > 0 || (one < 0 ? one + fields.rank : one) !== last)
      throw fields.refuse('axis', `must be ${last}, the last: TensorFlow.js has no other softmax`);
    return { name: 'softmax' };
  }),
];
