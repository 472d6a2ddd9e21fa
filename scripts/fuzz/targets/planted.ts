import { DataError } from '@mnist-kit/core';
import { law, type Target } from '../target.js';

/** Parsers with a known defect each, for the test that the harness finds what is there. */
export const planted: readonly Target[] = [
  plant('planted-error', (input) => {
    if (input.includes(0x21)) (undefined as unknown as { field: number }).field = 1;
  }),
  plant('planted-law', (input) => law(!input.includes(0x21), 'there is an exclamation mark')),
  plant('planted-hang', (input) => {
    while (input.includes(0x21));
  }),
  plant('planted-death', (input) => {
    if (input.includes(0x21)) process.exit(3);
  }),
  plant('planted-memory', (input) => {
    if (input.includes(0x21)) held = new Uint8Array(2 ** 28).fill(1);
  }),
];

let held: Uint8Array | undefined;

function plant(name: string, run: (input: Uint8Array) => void): Target {
  return {
    name,
    seeds: () => [new TextEncoder().encode('a valid input')],
    tokens: ['!'],
    run(input) {
      run(input);
      if (held !== undefined && input.length === 0) throw new DataError('An input must have bytes.');
    },
  };
}
