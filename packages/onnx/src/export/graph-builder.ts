import { EngineError } from '@mnist-kit/core';

/** An attribute of a node, by its kind. */
export type Attribute =
  | { readonly float: number }
  | { readonly int: number }
  | { readonly ints: readonly number[] }
  | { readonly text: string };

/** One node of an ONNX graph. */
export interface OnnxNode {
  readonly name: string;
  readonly operator: string;
  /** Names of values; an empty one is an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
}

/** Values that the file holds. */
export interface OnnxTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** An input or output of the graph; null is a length that is not fixed. */
export interface OnnxPort {
  readonly name: string;
  readonly shape: readonly (number | null)[];
}

/** An ONNX graph before it is encoded. */
export interface OnnxGraph {
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  readonly nodes: readonly OnnxNode[];
  /** Parameters, by name. */
  readonly initializers: ReadonlyMap<string, OnnxTensor>;
  /** Values that are no parameters, as nodes of their own, by name. */
  readonly constants: ReadonlyMap<string, OnnxTensor>;
}

/** Collects nodes and weights, and gives each value and node a name of its own. */
export class GraphBuilder {
  readonly inputs: OnnxPort[] = [];
  readonly outputs: OnnxPort[] = [];
  readonly nodes: OnnxNode[] = [];
  readonly initializers = new Map<string, OnnxTensor>();
  readonly constants = new Map<string, OnnxTensor>();
  readonly #names = new Set<string>();
  readonly #nodeNames = new Set<string>();

  /** @param reserved Names of the graph's inputs and outputs, which no other value may take. */
  constructor(reserved: readonly string[]) {
    for (const name of reserved) this.#names.add(name);
  }

  /**
   * Adds a node.
   *
   * @param name What it and its value are called, where the name is free.
   * @returns The name of its value.
   */
  node(
    name: string,
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, Attribute>> = {},
  ): string {
    const output = free(name, this.#names);
    this.nodes.push({ name: free(name, this.#nodeNames), operator, inputs, output, attributes });
    return output;
  }

  /** Adds a parameter, or finds it: a layer that is applied twice has it once. */
  parameter(name: string, shape: readonly number[], data: Float32Array): string {
    return this.#tensor(this.initializers, name, { shape, data });
  }

  /** Adds a value that is no parameter. */
  constant(name: string, shape: readonly number[], data: Float32Array): string {
    return this.#tensor(this.constants, name, { shape, data });
  }

  /** Gives a value the name of an output. */
  output(value: string, port: OnnxPort): void {
    this.outputs.push(port);
    const at = this.nodes.findIndex(({ output }) => output === value);
    const isOutput = this.outputs.some(({ name }) => name === value);
    if (at < 0 || isOutput) {
      this.nodes.push({
        name: free(port.name, this.#nodeNames),
        operator: 'Identity',
        inputs: [value],
        output: port.name,
        attributes: {},
      });
      return;
    }
    for (const [i, node] of this.nodes.entries())
      this.nodes[i] = {
        ...node,
        inputs: node.inputs.map((input) => (input === value ? port.name : input)),
        output: node.output === value ? port.name : node.output,
      };
  }

  #tensor(kind: Map<string, OnnxTensor>, name: string, tensor: OnnxTensor): string {
    const before = kind.get(name);
    if (before !== undefined && sameTensor(before, tensor)) return name;
    const own = free(name, this.#names);
    kind.set(own, tensor);
    return own;
  }
}

function sameTensor(a: OnnxTensor, b: OnnxTensor): boolean {
  return String(a.shape) === String(b.shape) && a.data.every((value, i) => Object.is(value, b.data[i]));
}

/** The name itself, or with a number behind where it is taken; it is taken then. */
function free(name: string, taken: Set<string>): string {
  for (let i = 0; i < 1e6; i++) {
    const candidate = i === 0 ? name : `${name}_${i}`;
    if (taken.has(candidate)) continue;
    taken.add(candidate);
    return candidate;
  }
  throw new EngineError(`No name is left for "${name}".`);
}
