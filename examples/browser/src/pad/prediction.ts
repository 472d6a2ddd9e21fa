import { effect, type ReadonlySignal, signal } from '@preact/signals';
import type { Inspection } from '../run/inspection.js';
import { drawing } from './drawing.js';

const NONE = new Float32Array(10);
const known = new WeakMap<Inspection, ReadonlySignal<Float32Array>>();

/** What a net says of the drawing: the probability of each class. It follows both, one question at a time. */
export function predictionOf(inspection: Inspection): ReadonlySignal<Float32Array> {
  const before = known.get(inspection);
  if (before !== undefined) return before;
  const prediction = signal<Float32Array>(NONE);
  known.set(inspection, prediction);
  let busy = false;
  let again = false;
  const ask = async (): Promise<void> => {
    const ink = drawing.peek();
    if (ink === undefined) return;
    if (busy) {
      again = true;
      return;
    }
    busy = true;
    try {
      prediction.value = await inspection.call('predict', ink);
    } catch {
      // There is no net yet: its first version asks again.
    } finally {
      busy = false;
    }
    if (!again) return;
    again = false;
    await ask();
  };
  const stop = effect(() => {
    inspection.version.value;
    drawing.value;
    void ask();
  });
  inspection.atEnd(stop);
  return prediction;
}
