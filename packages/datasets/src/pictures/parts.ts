import type { Ink } from './ink.js';

/** Ink that hangs together. */
export interface Part {
  readonly mass: number;
  readonly left: number;
  readonly top: number;
  /** Behind the last column, and below the last row. */
  readonly right: number;
  readonly bottom: number;
}

/** The parts of a drawing: pixels above `least` that touch, corners included. */
export function labelParts({ width, height, values }: Ink, least: number): Part[] {
  const seen = new Uint8Array(values.length);
  const stack = new Int32Array(values.length);
  const parts: Part[] = [];
  for (let start = 0; start < values.length; start++) {
    if (seen[start] === 1 || values[start] <= least) continue;
    let [mass, left, top, right, bottom] = [0, width, height, 0, 0];
    let depth = 0;
    stack[depth++] = start;
    seen[start] = 1;
    while (depth > 0) {
      const at = stack[--depth];
      const x = at % width;
      const y = (at - x) / width;
      mass += values[at];
      left = Math.min(left, x);
      right = Math.max(right, x + 1);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y + 1);
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++)
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const next = ny * width + nx;
          if (seen[next] === 1 || values[next] <= least) continue;
          seen[next] = 1;
          stack[depth++] = next;
        }
    }
    parts.push({ mass, left, top, right, bottom });
  }
  return parts;
}
