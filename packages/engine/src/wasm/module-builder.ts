import type { FileBytes } from '@mnist-kit/core';
import { unsigned, utf8, type ValueType, valueType, vector } from './encode.js';
import { type Features, FunctionBuilder, type FunctionRef } from './function-builder.js';
import type { Local } from './ops.js';

interface BuiltFunction {
  readonly name: string;
  readonly typeIndex: number;
  readonly code: number[];
  readonly callees: ReadonlySet<number>;
  readonly exportName?: string;
}

/** A body that traps: no locals, `unreachable`, `end`. */
const NO_BODY = [3, 0, 0x00, 0x0b];

/** Size of a WebAssembly page in bytes. */
export const PAGE_BYTES = 65_536;

/**
 * Assembles a WebAssembly module around one imported memory, `env.memory`, and functions imported from `env`.
 *
 * The binary format is that of the WebAssembly core specification, with the SIMD, bulk-memory and threads
 * extensions: https://webassembly.github.io/spec/core/binary/index.html
 */
export class ModuleBuilder {
  readonly #types: number[][] = [];
  readonly #typeIndex = new Map<string, number>();
  readonly #imports: { name: string; typeIndex: number }[] = [];
  readonly #functions: (BuiltFunction | undefined)[] = [];
  readonly #features: Features;

  constructor(features: Features = {}) {
    this.#features = features;
  }

  /** Imports a function `env.name`. Imported functions are numbered first, so they come before all others. */
  importFunction(name: string, parameters: readonly ValueType[], results: readonly ValueType[]): FunctionRef {
    if (this.#functions.length > 0) throw new Error(`${name} must be imported before functions are added`);
    const index = this.#imports.push({ name, typeIndex: this.#type(parameters, results) }) - 1;
    return { name, index };
  }

  /** Adds a function. `body` writes it; its parameters come as locals. */
  function(
    name: string,
    parameters: readonly ValueType[],
    results: readonly ValueType[],
    body: (f: FunctionBuilder, parameters: Local[]) => void,
    options: { export?: boolean } = {},
  ): FunctionRef {
    const builder = new FunctionBuilder(parameters.length, this.#features);
    // The slot is taken before the body runs, so that a body may add functions of its own.
    const slot = this.#functions.push(undefined) - 1;
    body(
      builder,
      parameters.map((_, i) => ({ index: i })),
    );
    this.#functions[slot] = {
      name,
      typeIndex: this.#type(parameters, results),
      code: builder.encode(),
      callees: builder.callees,
      exportName: options.export ? name : undefined,
    };
    return { name, index: this.#imports.length + slot };
  }

  #type(parameters: readonly ValueType[], results: readonly ValueType[]): number {
    const key = `${parameters.join()}>${results.join()}`;
    let index = this.#typeIndex.get(key);
    if (index === undefined) {
      const types = (list: readonly ValueType[]) => vector(list.map((type) => [valueType[type]]));
      index = this.#types.push([0x60, ...types(parameters), ...types(results)]) - 1;
      this.#typeIndex.set(key, index);
    }
    return index;
  }

  /** Indices of the functions that an exported one calls, or one that these call. */
  #reachable(): ReadonlySet<number> {
    const functions = this.#functions as BuiltFunction[];
    const first = this.#imports.length;
    const open = functions.flatMap((fn, index) => (fn.exportName === undefined ? [] : [first + index]));
    const reached = new Set(open);
    for (let index = open.pop(); index !== undefined; index = open.pop())
      for (const callee of functions[index - first]?.callees ?? [])
        if (!reached.has(callee)) {
          reached.add(callee);
          open.push(callee);
        }
    return reached;
  }

  /**
   * The module's bytes; functions that nobody calls are left empty. The memory that is imported must have just these limits.
   */
  encode(memory: { initialPages: number; maximumPages: number; shared: boolean }): FileBytes {
    const functions = this.#functions as BuiltFunction[];
    const first = this.#imports.length;
    const reachable = this.#reachable();
    const exports = functions.flatMap((fn, index) =>
      fn.exportName === undefined ? [] : [[...utf8(fn.exportName), 0x00, ...unsigned(first + index)]],
    );
    const memoryImport = [
      ...utf8('env'),
      ...utf8('memory'),
      0x02,
      memory.shared ? 0x03 : 0x01,
      ...unsigned(memory.initialPages),
      ...unsigned(memory.maximumPages),
    ];
    const functionImports = this.#imports.map(({ name, typeIndex }) => [
      ...utf8('env'),
      ...utf8(name),
      0x00,
      ...unsigned(typeIndex),
    ]);
    const sections: [number, number[]][] = [
      [1, vector(this.#types)],
      [2, vector([memoryImport, ...functionImports])],
      [3, vector(functions.map((fn) => unsigned(fn.typeIndex)))],
      [7, vector(exports)],
      [10, vector(functions.map((fn, index) => (reachable.has(first + index) ? fn.code : NO_BODY)))],
    ];
    // Names for profilers and stack traces.
    const names = vector(functions.map((fn, index) => [...unsigned(first + index), ...utf8(fn.name)]));
    sections.push([0, [...utf8('name'), 1, ...unsigned(names.length), ...names]]);
    const bytes = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
    for (const [id, content] of sections) {
      bytes.push(id);
      for (const byte of unsigned(content.length)) bytes.push(byte);
      for (const byte of content) bytes.push(byte);
    }
    return new Uint8Array(bytes);
  }
}
