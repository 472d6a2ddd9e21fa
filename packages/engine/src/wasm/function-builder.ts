import { type Code, unsigned, type ValueType, valueType } from './encode.js';
import { f32x4, get, i32, type Local } from './ops.js';

/** A function of the module being built, to call or export. */
export interface FunctionRef {
  readonly name: string;
  readonly index: number;
}

/** What code may use beyond SIMD and threads. */
export interface Features {
  /** Instructions whose last bits depend on the machine. */
  readonly relaxedSimd?: boolean;
}

const EMPTY_BLOCK = 0x40;

/**
 * Writes the body of one WebAssembly function: locals, structured control flow, calls.
 *
 * @example
 * ```ts
 * const sum = module.function('sum', ['i32'], ['i32'], (f, [n]) => {
 *   const i = f.local('i32');
 *   const total = f.local('i32');
 *   f.forRange(i, i32.const(0), get(n), 1, () => f.set(total, i32.add(get(total), get(i))));
 *   f.emit(get(total));
 * });
 * ```
 */
export class FunctionBuilder {
  readonly #body: number[] = [];
  readonly #locals: ValueType[] = [];
  readonly #parameterCount: number;
  readonly #callees = new Set<number>();
  readonly #features: Features;

  constructor(parameterCount: number, features: Features = {}) {
    this.#parameterCount = parameterCount;
    this.#features = features;
  }

  /** `sum + a * b` on four floats: multiply, then add, unless the module may fuse the two. */
  multiplyAdd(sum: Code, a: Code, b: Code): Code {
    return this.#features.relaxedSimd ? f32x4.relaxedMadd(a, b, sum) : f32x4.add(sum, f32x4.mul(a, b));
  }

  /** A fresh local; locals start at zero. */
  local(type: ValueType): Local {
    this.#locals.push(type);
    return { index: this.#parameterCount + this.#locals.length - 1 };
  }

  /** `count` fresh locals. */
  locals(type: ValueType, count: number): Local[] {
    return Array.from({ length: count }, () => this.local(type));
  }

  /** Appends code as it is. */
  emit(code: Code): void {
    for (const byte of code) this.#body.push(byte);
  }

  set(local: Local, value: Code): void {
    this.emit(value);
    this.emit([0x21, ...unsigned(local.index)]);
  }

  /** Adds a constant to an i32 local. */
  advance(local: Local, by: number): void {
    if (by !== 0) this.set(local, i32.add(get(local), i32.const(by)));
  }

  /** Indices of the functions that this one calls. */
  get callees(): ReadonlySet<number> {
    return this.#callees;
  }

  call(target: FunctionRef, ...args: Code[]): void {
    for (const arg of args) this.emit(arg);
    this.#callees.add(target.index);
    this.emit([0x10, ...unsigned(target.index)]);
  }

  drop(code: Code): void {
    this.emit(code);
    this.emit([0x1a]);
  }

  return(): void {
    this.emit([0x0f]);
  }

  unreachable(): void {
    this.emit([0x00]);
  }

  if(condition: Code, then: () => void, otherwise?: () => void): void {
    this.emit(condition);
    this.emit([0x04, EMPTY_BLOCK]);
    then();
    if (otherwise) {
      this.emit([0x05]);
      otherwise();
    }
    this.emit([0x0b]);
  }

  /** Runs `body` until the condition that it returns is false; at least once. */
  doWhile(body: () => Code): void {
    this.emit([0x03, EMPTY_BLOCK]);
    this.emit(body());
    this.emit([0x0d, 0, 0x0b]);
  }

  /** Runs `body` while the condition holds. */
  while(condition: Code, body: () => void): void {
    this.emit([0x02, EMPTY_BLOCK, 0x03, EMPTY_BLOCK]);
    this.emit(i32.eqz(condition));
    this.emit([0x0d, 1]);
    body();
    this.emit([0x0c, 0, 0x0b, 0x0b]);
  }

  /** Runs `body` a number of times known when the code is made; `counter` holds the index. */
  repeat(counter: Local, times: number, body: () => void): void {
    if (times <= 0) return;
    if (times === 1) {
      this.set(counter, i32.const(0));
      body();
      return;
    }
    this.set(counter, i32.const(0));
    this.doWhile(() => {
      body();
      this.advance(counter, 1);
      return i32.ltU(get(counter), i32.const(times));
    });
  }

  /** `for (counter = start; counter < end; counter += step)`, signed. */
  forRange(counter: Local, start: Code, end: Code, step: number, body: () => void): void {
    this.set(counter, start);
    this.while(i32.ltS(get(counter), end), () => {
      body();
      this.advance(counter, step);
    });
  }

  /** The function as the code section wants it. */
  encode(): number[] {
    const groups: number[][] = [];
    for (let i = 0; i < this.#locals.length; ) {
      let end = i;
      while (end < this.#locals.length && this.#locals[end] === this.#locals[i]) end++;
      groups.push([...unsigned(end - i), valueType[this.#locals[i]]]);
      i = end;
    }
    const head = [...unsigned(groups.length), ...groups.flat()];
    const size = unsigned(head.length + this.#body.length + 1);
    return [...size, ...head, ...this.#body, 0x0b];
  }
}
