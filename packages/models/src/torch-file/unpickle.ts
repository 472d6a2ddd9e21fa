import { CheckpointError } from '@mnist-kit/core';
import { ByteReader } from './byte-reader.js';
import { callGlobal, findGlobal, refusedGlobal } from './pickle-globals.js';
import { op } from './pickle-opcodes.js';
import { PickleStack } from './pickle-stack.js';
import { OrderedDict, type PickleValue, Tuple, typeName } from './pickle-values.js';

/** What {@link unpickle} needs to know. */
export interface UnpickleOptions {
  /** Turns a persistent id into the storage that it names. */
  persistentLoad: (id: PickleValue) => PickleValue;
  /** Most opcodes to follow: each makes at most one value, so this bounds time and memory. */
  maxOpcodes: number;
}

/**
 * Reads a pickle of protocol 2 to 5 that holds plain containers, text, numbers and tensors.
 *
 * Nothing in the pickle is run: the few functions that it may call are our own, and every other one is
 * refused by name before anything is done with it.
 *
 * @throws CheckpointError when the pickle is damaged or holds anything else.
 */
export function unpickle(bytes: Uint8Array, { persistentLoad, maxOpcodes }: UnpickleOptions): PickleValue {
  const reader = new ByteReader(bytes, 'data.pkl');
  const stack = new PickleStack();
  const protocol = reader.u8() === op.proto ? reader.u8() : 0;
  if (protocol < 2 || protocol > 5)
    throw new CheckpointError(`data.pkl must be a pickle of protocol 2 to 5. Received: ${protocol}`);
  for (let count = 0; count < maxOpcodes; count++) {
    const code = reader.u8();
    if (code === op.stop) {
      if (reader.remaining > 0)
        throw new CheckpointError(`data.pkl must end at its STOP. Received: ${reader.remaining} more bytes`);
      return stack.result();
    }
    if (code === op.binPersId) stack.push(persistentLoad(stack.pop()));
    else if (!pushValue(code, reader, stack) && !combine(code, reader, stack))
      throw refusedOpcode(code, reader);
  }
  throw new CheckpointError(`data.pkl must have at most maxOpcodes=${maxOpcodes} opcodes.`);
}

/** Opcodes that push a value of their own. */
function pushValue(code: number, reader: ByteReader, stack: PickleStack): boolean {
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
      stack.push(new Tuple([]));
      return true;
    case op.emptyDict:
      stack.push(new Map());
      return true;
    case op.global:
      stack.push(findGlobal(reader.line(), reader.line()));
      return true;
    default:
      return false;
  }
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
    case op.stackGlobal: {
      const [module, name] = stack.popTuple(2).items;
      if (typeof module !== 'string' || typeof name !== 'string')
        throw new CheckpointError('The pickle must name a global by two texts.');
      stack.push(findGlobal(module, name));
      return true;
    }
    case op.reduce: {
      const [callee, args] = stack.popTuple(2).items;
      stack.push(callGlobal(callee, args));
      return true;
    }
    case op.build:
      build(stack);
      return true;
    case op.frame:
      checkFrame(reader);
      return true;
    default:
      return false;
  }
}

/** A state dict carries its modules' versions as an attribute, `_metadata`, that nothing here needs. */
function build(stack: PickleStack): void {
  const state = stack.pop();
  const target = stack.top();
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

function refusedOpcode(code: number, reader: ByteReader): CheckpointError {
  if (code === op.inst) return refusedGlobal(reader.line(), reader.line());
  return new CheckpointError(
    `data.pkl must hold plain tensors and containers only. Received: opcode 0x${code.toString(16).padStart(2, '0')} at byte ${reader.position - 1}`,
  );
}

/** Far beyond seeds and counters, and short enough that a million of them are no burden. */
const maxIntegerBytes = 32;

/** Two's complement, least significant byte first; a bigint only where a number would be rounded. */
function signedInteger(bytes: Uint8Array): number | bigint {
  if (bytes.length > maxIntegerBytes)
    throw new CheckpointError(
      `An integer in data.pkl must have at most ${maxIntegerBytes} bytes. Received: ${bytes.length}`,
    );
  const negative = bytes.length > 0 && bytes[bytes.length - 1] >= 0x80;
  const words = new DataView(new ArrayBuffer(maxIntegerBytes));
  for (let i = 0; i < maxIntegerBytes; i++) words.setUint8(i, bytes[i] ?? (negative ? 0xff : 0));
  let value = words.getBigInt64(maxIntegerBytes - 8, true);
  for (let at = maxIntegerBytes - 16; at >= 0; at -= 8) value = (value << 64n) | words.getBigUint64(at, true);
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
