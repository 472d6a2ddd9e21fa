import { flattened, joined, sameOrder } from '../features/feature-order.js';
import type { LayerKind } from '../layer-kind.js';
import type { Operation } from '../operation.js';

type Of<K extends Operation['kind']> = Extract<Operation, { kind: K }>;

export const inputLayer: LayerKind<Of<'input'>> = {
  className: 'InputLayer',
  read(fields) {
    if (fields.value('sparse') === true) throw fields.refuse('sparse', 'tensors cannot be run');
    return { kind: 'input' };
  },
  torchType: () => 'Input',
};

export const flatten: LayerKind<Of<'flatten'>> = {
  className: 'Flatten',
  read: (fields) => ({ kind: 'flatten', dataFormat: fields.dataFormat() }),
  torchType: () => 'Flatten',
  order({ operation, inputs: [input], inputShapes: [shape] }) {
    if (input.kind !== 'image') return input;
    const [first, ...rest] = shape.slice(1) as number[];
    if (operation.dataFormat === 'channelsFirst') return flattened([...rest, first], 'channelsLast');
    return flattened([first, ...rest], input.dataFormat);
  },
};

export const add: LayerKind<Of<'add'>> = {
  className: 'Add',
  read: () => ({ kind: 'add' }),
  torchType: () => 'Add',
  order({ inputs, refuse }) {
    const [first, ...others] = inputs;
    if (others.every((other) => sameOrder(first, other))) return first;
    const unknown = inputs.find((order) => order.kind === 'unknown');
    if (unknown) return unknown;
    throw refuse(
      'its inputs hold features in different orders, so PyTorch, which flattens channels first, would add other pairs',
    );
  },
};

export const concatenate: LayerKind<Of<'concatenate'>> = {
  className: 'Concatenate',
  read: (fields) => ({ kind: 'concatenate', axis: fields.axis('axis', -1) }),
  torchType: () => 'Concatenate',
  order({ inputs, inputShapes }) {
    const unknown = inputs.find((order) => order.kind === 'unknown');
    if (unknown) return unknown;
    if (inputs.some((order) => order.kind === 'image')) return inputs[0];
    return joined(inputs.map((order, i) => ({ order, length: inputShapes[i][1] as number })));
  },
};
