import type { NodeProto } from '../schema/onnx-ml_pb.js';

/** Names for layers, each of which is there once. */
export class LayerNames {
  readonly #taken = new Set<string>();

  /**
   * @param node The node that the layer is made of.
   * @param weight Name of its weight: `conv1.weight` is PyTorch's for that of `conv1`.
   */
  of(node: NodeProto, weight = ''): string {
    const [, module] = /^([^:]+)\.[a-z_]+$/.exec(weight) ?? [];
    return this.take(module ?? fromNode(node));
  }

  /** The name itself where TensorFlow.js takes it and it is free; else the nearest that is. */
  take(wanted: string): string {
    const plain = wanted
      .slice(0, 200)
      .replace(/[^-A-Za-z0-9._/]/g, '_')
      .replace(/^[^A-Za-z0-9]+/, '');
    const base = plain === '' ? 'layer' : plain;
    for (let i = 0; ; i++) {
      const name = i === 0 ? base : `${base}_${i}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }
}

/** PyTorch calls a node by the path of its module and its operator: `/features/conv1/Conv`. */
function fromNode({ name, opType }: NodeProto): string {
  const parts = name.split('/').filter((part) => part !== '');
  const last = parts.at(-1);
  if (last === undefined) return opType.toLowerCase();
  const isOperator = name.startsWith('/') && parts.length > 1 && last.replace(/_\d+$/, '') === opType;
  return isOperator ? (parts.at(-2) as string) : parts.join('/');
}
