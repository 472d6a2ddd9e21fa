import { signal } from '@preact/signals';
import { readStrokes, type Stroke } from './strokes.js';

/** What is drawn now. */
export const strokes = signal<readonly Stroke[]>([]);
/** The drawing as a net sees it, 28 x 28; `undefined` while there is no digit. */
export const drawing = signal<Float32Array | undefined>(undefined);

/** Milliseconds between two readings of a drawing that grows. */
const READ_EVERY = 50;

let reading = false;

/** Takes other strokes, and reads them soon: once for all the points that come meanwhile. */
export function setStrokes(next: readonly Stroke[]): void {
  strokes.value = next;
  if (reading) return;
  reading = true;
  window.setTimeout(() => {
    reading = false;
    drawing.value = strokes.value.length === 0 ? undefined : readStrokes(strokes.value)?.values;
  }, READ_EVERY);
}
