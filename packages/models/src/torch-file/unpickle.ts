import { CheckpointError } from '@mnist-kit/core';
import { ByteReader } from './byte-reader.js';
import { callGlobal, findGlobal, makeObject } from './pickle-globals.js';
import { costs, nameCost, op } from './pickle-opcodes.js';
import { PickleStack } from './pickle-stack.js';
import {
  Built,
  Bytes,
  Opaque,
  OrderedDict,
  PickleSet,
  type PickleValue,
  Tuple,
  typeName,
} from './pickle-values.js';
import { opaqueGlobal } from './refusals.js';

/** What {@link unpickle} needs to know. */
export interface UnpickleOptions {
  /** Turns a persistent id into the storage that it names. */
  persistentLoad: (id: PickleValue) => PickleValue;
  /** Most opcodes to follow: this bounds the time. */
  maxOpcodes: number;
  /** Most bytes of memory that the values may take, by a rough estimate. */
  maxMemory: number;
}

/**
 * Reads a pickle of protocol 2 to 5.
 *
 * Nothing in the pickle is run: the few functions that it may call are our own, and what any other one would
 * have made is an {@link Opaque} value that keeps its name.
 *
 * @throws CheckpointError when the pickle is damaged or exceeds a limit.
 */
export function unpickle(
  bytes: Uint8Array,
  { persistentLoad, maxOpcodes, maxMemory }: UnpickleOptions,
): PickleValue {
  const reader = new ByteReader(bytes, 'data.pkl');
  const stack = new PickleStack();
  const names = new Names();
  let memory = 0;
  const protocol = reader.u8() === op.proto ? reader.u8() : 0;
  if (protocol < 2 || protocol > 5)
    throw new CheckpointError(`data.pkl must be a pickle of protocol 2 to 5. Received: ${protocol}`);
  for (let count = 0; count < maxOpcodes; count++) {
    const code = reader.u8();
    memory += costs[code];
    if (memory + names.size * nameCost > maxMemory)
      throw new CheckpointError(
        `data.pkl must have at most maxOpcodes=${maxOpcodes} opcodes, and fewer where they make large values. ` +
          `Received: values of more than ${maxMemory} bytes`,
      );
    if (code === op.stop) {
      if (reader.remaining > 0)
        throw new CheckpointError(`data.pkl must end at its STOP. Received: ${reader.remaining} more bytes`);
      return stack.result();
    }
    if (code === op.binPersId) stack.push(persistentLoad(stack.pop()));
    else if (
      !pushValue(code, reader, stack, names) &&
      !pushBytes(code, reader, stack) &&
      !combine(code, reader, stack) &&
      !make(code, reader, stack, names)
    )
      throw refusedOpcode(code, reader.position - 1);
  }
  throw new CheckpointError(`data.pkl must have at most maxOpcodes=${maxOpcodes} opcodes.`);
}

/** Tuples are never changed, so that one will do. */
const emptyTuple = new Tuple([]);

/** What the names in a pickle stand for, each found once. */
class Names {
  readonly #known = new Map<string, PickleValue>();

  get size(): number {
    return this.#known.size;
  }

  find(module: string, name: string): PickleValue {
    const full = `${module}\n${name}`;
    let value = this.#known.get(full);
    if (value === undefined) {
      value = findGlobal(module, name);
      this.#known.set(full, value);
    }
    return value;
  }
}

/** Opcodes that push a value of their own. */
function pushValue(code: number, reader: ByteReader, stack: PickleStack, names: Names): boolean {
  switch (code) {
    case op.none:
      stack.push(null);
      return true;
    case op.newTrue:
      stack.push(true);
      return true;
    case op.newFalse:
      stack.push(false);
      return true;
    case op.binInt:
      stack.push(reader.i32());
      return true;
    case op.binInt1:
      stack.push(reader.u8());
      return true;
    case op.binInt2:
      stack.push(reader.u16());
      return true;
    case op.long1:
      stack.push(signedInteger(reader.take(reader.u8())));
      return true;
    case op.binFloat:
      stack.push(reader.f64BigEndian());
      return true;
    case op.shortBinUnicode:
      stack.push(reader.text(reader.u8()));
      return true;
    case op.binUnicode:
      stack.push(reader.text(reader.u32()));
      return true;
    case op.binUnicode8:
      stack.push(reader.text(reader.u64()));
      return true;
    case op.emptyList:
      stack.push([]);
      return true;
    case op.emptyTuple:
      stack.push(emptyTuple);
      return true;
    case op.emptyDict:
      stack.push(new Map());
      return true;
    case op.emptySet:
      stack.push(new PickleSet([]));
      return true;
    case op.global:
      stack.push(names.find(reader.line(), reader.line()));
      return true;
    default:
      return false;
  }
}

/** Opcodes that push bytes: no tensor's, but those of NumPy and of dates. */
function pushBytes(code: number, reader: ByteReader, stack: PickleStack): boolean {
  const at = reader.position - 1;
  let length: number;
  if (code === op.shortBinBytes) length = reader.u8();
  else if (code === op.binBytes) length = reader.u32();
  else if (code === op.binBytes8 || code === op.byteArray8) length = reader.u64();
  else return false;
  stack.push(new Bytes(reader.take(length), () => refusedOpcode(code, at)));
  return true;
}

/** Opcodes that work on what the stack holds. */
function combine(code: number, reader: ByteReader, stack: PickleStack): boolean {
  switch (code) {
    case op.mark:
      stack.mark();
      return true;
    case op.tuple:
      stack.push(new Tuple(stack.popMark()));
      return true;
    case op.tuple1:
    case op.tuple2:
    case op.tuple3:
      stack.push(stack.popTuple(code - op.tuple1 + 1));
      return true;
    case op.append:
      stack.append([stack.pop()]);
      return true;
    case op.appends:
      stack.append(stack.popMark());
      return true;
    case op.setItem:
      stack.setItems(stack.popTuple(2).items);
      return true;
    case op.setItems:
      stack.setItems(stack.popMark());
      return true;
    case op.addItems:
      stack.addItems(stack.popMark());
      return true;
    case op.frozenSet:
      stack.push(new PickleSet(stack.popMark()));
      return true;
    case op.pop:
      stack.pop();
      return true;
    case op.popMark:
      stack.popMark();
      return true;
    case op.binGet:
      stack.recall(reader.u8());
      return true;
    case op.longBinGet:
      stack.recall(reader.u32());
      return true;
    case op.binPut:
      stack.remember(reader.u8());
      return true;
    case op.longBinPut:
      stack.remember(reader.u32());
      return true;
    case op.memoize:
      stack.remember();
      return true;
    case op.frame:
      checkFrame(reader);
      return true;
    default:
      return false;
  }
}

/** Opcodes that name, call or make something in Python. */
function make(code: number, reader: ByteReader, stack: PickleStack, names: Names): boolean {
  const at = reader.position - 1;
  switch (code) {
    case op.stackGlobal: {
      const [module, name] = stack.popTuple(2).items;
      if (typeof module !== 'string' || typeof name !== 'string')
        throw new CheckpointError('The pickle must name a global by two texts.');
      stack.push(names.find(module, name));
      return true;
    }
    case op.reduce: {
      const [callee, args] = stack.popTuple(2).items;
      stack.push(callGlobal(callee, args));
      return true;
    }
    case op.newObj:
      stack.push(makeObject(stack.popTuple(2).items[0], () => refusedOpcode(code, at)));
      return true;
    case op.newObjEx:
      stack.push(makeObject(stack.popTuple(3).items[0], () => refusedOpcode(code, at)));
      return true;
    case op.obj:
      stack.push(makeObject(stack.popMark()[0] ?? null, () => refusedOpcode(code, at)));
      return true;
    case op.inst: {
      const made = opaqueGlobal(reader.line(), reader.line());
      stack.popMark();
      stack.push(made);
      return true;
    }
    case op.build:
      build(stack);
      return true;
    default:
      return false;
  }
}

/** Gives the value on top the state that it was saved with. */
function build(stack: PickleStack): void {
  const state = stack.pop();
  const target = stack.top();
  if (target instanceof Opaque) return;
  if (target instanceof Built) {
    target.build(state);
    return;
  }
  // A state dict carries its modules' versions as an attribute, `_metadata`, that nothing here needs.
  if (!(target instanceof OrderedDict) || !(state instanceof Map))
    throw new CheckpointError(
      `The pickle must set attributes of an OrderedDict only. Received: ${typeName(target)}`,
    );
}

function checkFrame(reader: ByteReader): void {
  const length = reader.u64();
  if (length > reader.remaining)
    throw new CheckpointError(
      `A frame of data.pkl must end within it. Received: ${length} bytes of ${reader.remaining}`,
    );
}

function refusedOpcode(code: number, at: number): CheckpointError {
  return new CheckpointError(
    `data.pkl must hold plain tensors and containers only. Received: opcode 0x${code.toString(16).padStart(2, '0')} at byte ${at}`,
  );
}

/** Far beyond seeds and counters, and short enough that a million of them are no burden. */
const maxIntegerBytes = 32;

const words = new DataView(new ArrayBuffer(maxIntegerBytes));

/** Two's complement, least significant byte first; a bigint only where a number would be rounded. */
function signedInteger(bytes: Uint8Array): number | bigint {
  if (bytes.length > maxIntegerBytes)
    throw new CheckpointError(
      `An integer in data.pkl must have at most ${maxIntegerBytes} bytes. Received: ${bytes.length}`,
    );
  const negative = bytes.length > 0 && bytes[bytes.length - 1] >= 0x80;
  for (let i = 0; i < maxIntegerBytes; i++) words.setUint8(i, bytes[i] ?? (negative ? 0xff : 0));
  let value = words.getBigInt64(maxIntegerBytes - 8, true);
  for (let at = maxIntegerBytes - 16; at >= 0; at -= 8) value = (value << 64n) | words.getBigUint64(at, true);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
