/**
 * WebAssembly instructions as expressions: every function takes the code of its operands and gives the code
 * that leaves the result on the stack. Names follow the specification's text format.
 */
import { type Code, float32Bytes, float64Bytes, signed, unsigned } from './encode.js';

/** A local variable of the function being built. */
export interface Local {
  readonly index: number;
}

const op = (...bytes: number[]) => bytes;
const unary =
  (code: number[]) =>
  (a: Code): number[] => [...a, ...code];
const binary =
  (code: number[]) =>
  (a: Code, b: Code): number[] => [...a, ...b, ...code];
const memarg = (align: number, offset: number): number[] => [align, ...unsigned(offset)];
const load =
  (code: number[], align: number) =>
  (address: Code, offset = 0): number[] => [...address, ...code, ...memarg(align, offset)];
const store =
  (code: number[], align: number) =>
  (address: Code, value: Code, offset = 0): number[] => [
    ...address,
    ...value,
    ...code,
    ...memarg(align, offset),
  ];
/** Opcodes behind the SIMD prefix. */
const simd = (code: number): number[] => [0xfd, ...unsigned(code)];
/** Opcodes behind the threads prefix. */
const atomic = (code: number): number[] => [0xfe, code];

export const get = (local: Local): number[] => [0x20, ...unsigned(local.index)];

export const i32 = {
  const: (value: number): number[] => [0x41, ...signed(value | 0)],
  load: load(op(0x28), 2),
  store: store(op(0x36), 2),
  eqz: unary(op(0x45)),
  eq: binary(op(0x46)),
  ne: binary(op(0x47)),
  ltS: binary(op(0x48)),
  ltU: binary(op(0x49)),
  gtS: binary(op(0x4a)),
  gtU: binary(op(0x4b)),
  add: binary(op(0x6a)),
  sub: binary(op(0x6b)),
  mul: binary(op(0x6c)),
  divU: binary(op(0x6e)),
  and: binary(op(0x71)),
  or: binary(op(0x72)),
  shl: binary(op(0x74)),
  shrU: binary(op(0x76)),
  atomicLoad: load(atomic(0x10), 2),
  atomicStore: store(atomic(0x17), 2),
  atomicAdd: store(atomic(0x1e), 2),
  /** Wakes up to `count` threads that wait at the address; leaves how many. */
  notify: store(atomic(0x00), 2),
};

/** `memory.atomic.wait32`: waits while the word equals `expected`, at most `timeout` nanoseconds (-1: for ever). */
export const wait32 = (address: Code, expected: Code, timeout: Code, offset = 0): number[] => [
  ...address,
  ...expected,
  ...timeout,
  ...atomic(0x01),
  ...memarg(2, offset),
];

export const i64 = { const: (value: number): number[] => [0x42, ...signed(value)] };

export const f32 = {
  const: (value: number): number[] => [0x43, ...float32Bytes(value)],
  load: load(op(0x2a), 2),
  store: store(op(0x38), 2),
  abs: unary(op(0x8b)),
  neg: unary(op(0x8c)),
  sqrt: unary(op(0x91)),
  add: binary(op(0x92)),
  sub: binary(op(0x93)),
  mul: binary(op(0x94)),
  div: binary(op(0x95)),
  gt: binary(op(0x5e)),
  demote: unary(op(0xb6)),
  convertI32U: unary(op(0xb3)),
};

export const f64 = {
  const: (value: number): number[] => [0x44, ...float64Bytes(value)],
  load: load(op(0x2b), 3),
  store: store(op(0x39), 3),
  sqrt: unary(op(0x9f)),
  add: binary(op(0xa0)),
  sub: binary(op(0xa1)),
  mul: binary(op(0xa2)),
  div: binary(op(0xa3)),
  max: binary(op(0xa5)),
  neg: unary(op(0x9a)),
  promote: unary(op(0xbb)),
  convertI32U: unary(op(0xb8)),
};

export const v128 = {
  load: load(simd(0), 2),
  load32Splat: load(simd(9), 2),
  store: store(simd(11), 2),
  store32Lane: (address: Code, value: Code, lane: number, offset = 0): number[] => [
    ...address,
    ...value,
    ...simd(90),
    ...memarg(2, offset),
    lane,
  ],
  and: binary(simd(78)),
  andnot: binary(simd(79)),
  or: binary(simd(80)),
  not: unary(simd(77)),
  /** Bits of `a` where the mask is 1, of `b` where it is 0. */
  bitselect: (a: Code, b: Code, mask: Code): number[] => [...a, ...b, ...mask, ...simd(82)],
  zero: (): number[] => [...simd(12), ...new Array<number>(16).fill(0)],
};

export const f32x4 = {
  splat: unary(simd(19)),
  const: (value: number): number[] => {
    const bytes = float32Bytes(value);
    return [...simd(12), ...bytes, ...bytes, ...bytes, ...bytes];
  },
  extractLane: (a: Code, lane: number): number[] => [...a, ...simd(31), lane],
  eq: binary(simd(65)),
  lt: binary(simd(67)),
  gt: binary(simd(68)),
  ge: binary(simd(70)),
  /** To the nearest integer, ties to even. */
  nearest: unary(simd(106)),
  abs: unary(simd(224)),
  neg: unary(simd(225)),
  sqrt: unary(simd(227)),
  add: binary(simd(228)),
  sub: binary(simd(229)),
  mul: binary(simd(230)),
  div: binary(simd(231)),
  min: binary(simd(232)),
  max: binary(simd(233)),
  /** `a * b + c`, rounded once or twice as the machine likes (relaxed SIMD). */
  relaxedMadd: (a: Code, b: Code, c: Code): number[] => [...a, ...b, ...c, ...simd(0x105)],
  /** `b < a ? b : a` per lane: one instruction on x64 and arm64 where `min` needs several. */
  pmin: binary(simd(234)),
  /** `a < b ? b : a` per lane: one instruction on x64 and arm64 where `max` needs several. */
  pmax: binary(simd(235)),
};

/** Two float64 values. */
export const f64x2 = {
  const: (value: number): number[] => [...simd(12), ...float64Bytes(value), ...float64Bytes(value)],
  splat: unary(simd(20)),
  add: binary(simd(240)),
  sub: binary(simd(241)),
  mul: binary(simd(242)),
  div: binary(simd(243)),
  max: binary(simd(245)),
  /** The two lower floats of a vector of four. */
  promoteLow: unary(simd(95)),
  /** Into the two lower floats of a vector; the upper ones are zero. */
  demoteZero: unary(simd(94)),
};

export const i64x2 = {
  /** One half of `a` and one of `b`: 0 and 1 are the halves of `a`, 2 and 3 those of `b`. */
  shuffle: (a: Code, b: Code, low: number, high: number): number[] => [
    ...a,
    ...b,
    ...simd(13),
    ...[low, high].flatMap((half) => Array.from({ length: 8 }, (_, byte) => half * 8 + byte)),
  ],
};

export const i32x4 = {
  const: (value: number): number[] => {
    const bytes = [...new Uint8Array(new Int32Array([value]).buffer)];
    return [...simd(12), ...bytes, ...bytes, ...bytes, ...bytes];
  },
  add: binary(simd(174)),
  shl: (a: Code, bits: number): number[] => [...a, ...i32.const(bits), ...simd(171)],
  /** Towards zero, saturating. */
  truncate: unary(simd(248)),
};

/** Fills `length` bytes with a byte value. */
export const memoryFill = (address: Code, value: Code, length: Code): number[] => [
  ...address,
  ...value,
  ...length,
  0xfc,
  11,
  0,
];

/** Copies `length` bytes. */
export const memoryCopy = (to: Code, from: Code, length: Code): number[] => [
  ...to,
  ...from,
  ...length,
  0xfc,
  10,
  0,
  0,
];
