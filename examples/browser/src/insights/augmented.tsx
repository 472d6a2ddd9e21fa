import { signal, useSignalEffect } from '@preact/signals';
import { useMemo } from 'preact/hooks';
import { selected } from '../app/state.js';
import { PixelImage } from './pixel-image.js';

/** Classes that are shown, and how often each. */
const SHOWN = [2, 3, 4, 7] as const;
const TIMES = 3;

/** What the random changes make of training images, drawn anew when they are set otherwise. */
export function Augmented() {
  const pictures = useMemo(() => signal<readonly Uint8Array[]>([]), []);
  useSignalEffect(() => {
    const { run, inspection } = selected.value;
    const { augmentation, data, dataUrl, seed } = run.settings.value;
    void (async () => {
      try {
        const { pixels } = await inspection.call('samples', data, dataUrl, 0);
        const originals = new Uint8Array(SHOWN.length * 784);
        for (const [i, label] of SHOWN.entries())
          originals.set(pixels.subarray(label * 784, (label + 1) * 784), i * 784);
        const changed = await inspection.call('augment', originals, augmentation, seed, TIMES);
        pictures.value = Array.from({ length: SHOWN.length * TIMES }, (_, i) =>
          changed.slice(i * 784, (i + 1) * 784),
        );
      } catch {
        // The data is not there yet.
      }
    })();
  });
  return (
    <div class="tiles augmented" role="img" aria-label="Training images after random changes">
      {Array.from({ length: SHOWN.length * TIMES }, (_, i) => (
        <PixelImage key={i} pixels={pictures.value[i] ?? BLANK} width={28} height={28} scale={1.38} />
      ))}
    </div>
  );
}

const BLANK = new Uint8Array(784);
