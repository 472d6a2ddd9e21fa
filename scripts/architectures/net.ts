import type { LayerSpec } from '../../packages/engine/src/__tests__/architectures/spec.js';
import type { Shape } from './shapes.js';

/** A tensor of the net that is being drawn. */
export interface Node {
  readonly name: string;
  readonly shape: Shape;
  /** A guess of the size of its values. */
  readonly magnitude: number;
}

/** A layer without what the net knows: its name and those that it reads. */
export type LayerDraft = LayerSpec extends infer L
  ? L extends LayerSpec
    ? Omit<L, 'name' | 'from'>
    : never
  : never;

/** A net while it grows. */
export class Net {
  readonly layers: LayerSpec[] = [];
  readonly nodes: Node[] = [];
  /** By how much the weights of a layer are smaller than usual. */
  readonly gains = new Map<string, number>();
  /** Multiplications of a forward pass over one image. */
  products = 0;

  /** Adds a layer that reads `from` and gives a tensor of some shape. */
  add(draft: LayerDraft, from: readonly Node[], shape: Shape, magnitude = from[0].magnitude): Node {
    const name = `${draft.kind}${this.layers.length + 1}`;
    this.layers.push({ ...draft, name, from: from.map((one) => one.name) } as LayerSpec);
    const node = { name, shape, magnitude };
    this.nodes.push(node);
    return node;
  }
}
