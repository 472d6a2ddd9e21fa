import { readFileSync } from 'node:fs';
import type { Parameter } from '@mnist-kit/core';

export function fixture<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`./fixtures/${name}`, import.meta.url), 'utf8')) as T;
}

/** A parameter of the given values with a gradient of zeros. */
export function parameter(name: string, values: ArrayLike<number>): Parameter {
  return {
    name,
    shape: [values.length],
    value: Float32Array.from(values),
    gradient: new Float32Array(values.length),
  };
}
