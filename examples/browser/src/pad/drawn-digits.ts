import { signal } from '@preact/signals';
import type { DrawnDigits } from '../worker/training-data.js';

const KEY = 'mnist-kit:drawn';
const PIXELS = 784;

/** Digits that the visitor drew and named; they stay on this machine. */
export const drawnDigits = signal<DrawnDigits>(read());

/** Adds one. */
export function addDrawn(ink: Float32Array, label: number): void {
  const { images, labels } = drawnDigits.value;
  const more = new Uint8Array(images.length + PIXELS);
  more.set(images);
  more.set(
    ink.map((value) => Math.round(value * 255)),
    images.length,
  );
  store({ images: more, labels: Uint8Array.from([...labels, label]) });
}

/** Takes the last one back. */
export function removeLastDrawn(): void {
  const { images, labels } = drawnDigits.value;
  if (labels.length === 0) return;
  store({ images: images.slice(0, -PIXELS), labels: labels.slice(0, -1) });
}

export function clearDrawn(): void {
  store({ images: new Uint8Array(0), labels: new Uint8Array(0) });
}

function store(digits: DrawnDigits): void {
  drawnDigits.value = digits;
  try {
    const text = { images: toBase64(digits.images), labels: [...digits.labels].join('') };
    localStorage.setItem(KEY, JSON.stringify(text));
  } catch {
    // They last as long as this visit.
  }
}

function read(): DrawnDigits {
  const none = { images: new Uint8Array(0), labels: new Uint8Array(0) };
  try {
    const stored = JSON.parse(localStorage.getItem(KEY) ?? 'null') as {
      images: string;
      labels: string;
    } | null;
    if (stored === null || !/^\d*$/.test(stored.labels)) return none;
    const images = Uint8Array.from(atob(stored.images), (char) => char.charCodeAt(0));
    const labels = Uint8Array.from(stored.labels, Number);
    return images.length === labels.length * PIXELS ? { images, labels } : none;
  } catch {
    return none;
  }
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}
