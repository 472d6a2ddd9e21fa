/**
 * The opcodes of pickle that occur in checkpoints, by their names in Python's `pickletools`.
 * https://github.com/python/cpython/blob/main/Lib/pickletools.py
 */
export const op = {
  mark: 0x28,
  stop: 0x2e,
  pop: 0x30,
  popMark: 0x31,
  none: 0x4e,
  newTrue: 0x88,
  newFalse: 0x89,
  binInt: 0x4a,
  binInt1: 0x4b,
  binInt2: 0x4d,
  long1: 0x8a,
  binFloat: 0x47,
  binUnicode: 0x58,
  shortBinUnicode: 0x8c,
  binUnicode8: 0x8d,
  shortBinBytes: 0x43,
  binBytes: 0x42,
  binBytes8: 0x8e,
  byteArray8: 0x96,
  emptyList: 0x5d,
  append: 0x61,
  appends: 0x65,
  emptyTuple: 0x29,
  tuple: 0x74,
  tuple1: 0x85,
  tuple2: 0x86,
  tuple3: 0x87,
  emptyDict: 0x7d,
  emptySet: 0x8f,
  addItems: 0x90,
  frozenSet: 0x91,
  setItem: 0x73,
  setItems: 0x75,
  binGet: 0x68,
  longBinGet: 0x6a,
  binPut: 0x71,
  longBinPut: 0x72,
  memoize: 0x94,
  global: 0x63,
  stackGlobal: 0x93,
  reduce: 0x52,
  build: 0x62,
  inst: 0x69,
  obj: 0x6f,
  newObj: 0x81,
  newObjEx: 0x92,
  binPersId: 0x51,
  proto: 0x80,
  frame: 0x95,
} as const;

/** What an opcode that is not among {@link costs} costs. */
const plainCost = 16;

/**
 * Bytes of memory that what an opcode makes takes at most, with its place in a container and without the text or
 * bytes that stand in the pickle itself. A million empty dicts are a megabyte of pickle and 200 of memory.
 */
export const costs: Uint16Array = new Uint16Array(256).fill(plainCost);
for (const [codes, cost] of [
  [[op.mark, op.emptyTuple, op.pop, op.popMark, op.proto, op.frame, op.append, op.appends, op.binGet], 8],
  [[op.binFloat, op.binUnicode, op.shortBinUnicode, op.binUnicode8, op.setItem, op.longBinGet], 32],
  [[op.binPut, op.longBinPut, op.memoize], 48],
  [[op.tuple, op.tuple1, op.tuple2, op.tuple3, op.frozenSet, op.newObj, op.newObjEx, op.obj], 104],
  [[op.emptyList], 80],
  // More for the time that it takes.
  [[op.long1, op.emptySet], 120],
  [[op.binPersId], 180],
  [[op.emptyDict, op.reduce], 230],
  [[op.shortBinBytes, op.binBytes, op.binBytes8, op.byteArray8, op.inst], 420],
] as const)
  for (const code of codes) costs[code] = cost;
/** What a name costs that the pickle did not have before. */
export const nameCost = 400;
