import { DataError } from '@mnist-kit/core';

/** What a JSON text may have at most. */
export interface JsonLimits {
  /** Levels of objects and arrays, the outermost included. */
  readonly depth: number;
  /** Keys of one object. */
  readonly entries: number;
  /** Items and fields, all together. */
  readonly values: number;
}

/**
 * Looks at a JSON text before `JSON.parse` does, in one pass and without keeping more than keys, for what would
 * cost far more memory than the text has: deep nesting and many values. Whether it is JSON at all is not asked.
 *
 * @param text The text.
 * @param what Its name in error messages: "The safetensors header".
 * @param limits What it may have at most.
 * @returns The first key that an object has twice, if any: `JSON.parse` keeps the last of the two in silence, which
 * lets one file mean different things to different readers.
 * @throws DataError when it exceeds a limit.
 */
export function scanJson(text: string, what: string, limits: JsonLimits): string | undefined {
  const keys: Set<string>[] = [];
  let depth = 0;
  let values = 0;
  for (let i = 0; i < text.length; i++) {
    const char = text.charCodeAt(i);
    if (char === quote) {
      const end = stringEnd(text, i);
      if (depth > 0 && isKey(text, end)) {
        if (keys[depth].size >= limits.entries)
          throw new DataError(`${what} must have at most ${limits.entries} entries. Received: more`);
        const key = keyText(text.slice(i, end));
        if (key !== undefined && keys[depth].has(key)) return key;
        if (key !== undefined) keys[depth].add(key);
      }
      i = end - 1;
    } else if (char === brace || char === bracket) {
      if (++depth > limits.depth)
        throw new DataError(`${what} must be nested at most ${limits.depth} levels deep. Received: more`);
      keys[depth] ??= new Set();
      if (keys[depth].size > 0) keys[depth] = new Set();
      values++;
    } else if (char === closingBrace || char === closingBracket) depth = Math.max(depth - 1, 0);
    else if (char === comma) values++;
    if (values > limits.values)
      throw new DataError(`${what} must have at most ${limits.values} values. Received: more`);
  }
  return undefined;
}

const [quote, backslash, comma, colon] = [0x22, 0x5c, 0x2c, 0x3a];
const [brace, closingBrace, bracket, closingBracket] = [0x7b, 0x7d, 0x5b, 0x5d];

/** Index behind the closing quote of the string that opens at `start`, or the end of the text. */
function stringEnd(text: string, start: number): number {
  let i = start + 1;
  for (let char = text.charCodeAt(i); i < text.length && char !== quote; char = text.charCodeAt(i))
    i += char === backslash ? 2 : 1;
  return i + 1;
}

function isKey(text: string, end: number): boolean {
  let i = end;
  while (text.charCodeAt(i) <= 0x20) i++;
  return text.charCodeAt(i) === colon;
}

/** What a key's text stands for; undefined for one that is no JSON. */
function keyText(text: string): string | undefined {
  if (!text.includes('\\')) return text.slice(1, -1);
  try {
    return JSON.parse(text) as string;
  } catch {
    return undefined;
  }
}
