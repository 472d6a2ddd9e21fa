import { useEffect, useRef } from 'preact/hooks';
import { isDark } from '../app/theme.js';

interface Props {
  /** Row by row: 0 to 1, or bytes; with `signed` -1 to 1. */
  readonly pixels: Float32Array | Uint8Array;
  readonly width: number;
  readonly height: number;
  /** CSS pixels of one pixel. */
  readonly scale: number;
  /** What a screen reader says; without one it is decoration. */
  readonly label?: string;
  /** Whether values below 0 have a colour of their own. */
  readonly signed?: boolean;
}

/** A small picture, pixel by pixel, ink on the page's own ground. */
export function PixelImage({ pixels, width, height, scale, label, signed = false }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const dark = isDark.value;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context) return;
    const image = context.createImageData(width, height);
    fill(image.data, pixels, dark, signed);
    context.putImageData(image, 0, 0);
  }, [pixels, width, height, dark, signed]);
  return (
    <canvas
      ref={canvas}
      class="pixels"
      {...{ width, height }}
      style={{ width: `${width * scale}px` }}
      {...(label === undefined ? { 'aria-hidden': true } : { role: 'img', 'aria-label': label })}
    />
  );
}

function fill(
  data: Uint8ClampedArray,
  pixels: Float32Array | Uint8Array,
  dark: boolean,
  signed: boolean,
): void {
  const unit = pixels instanceof Uint8Array ? 255 : 1;
  // Light: dark ink on white; dark: light ink on the panel's grey.
  const [ground, ink] = dark
    ? [
        [27, 33, 41],
        [236, 240, 245],
      ]
    : [
        [255, 255, 255],
        [23, 29, 38],
      ];
  const [below, above] = dark
    ? [
        [255, 138, 92],
        [92, 170, 255],
      ]
    : [
        [201, 74, 22],
        [23, 92, 190],
      ];
  for (let i = 0; i < pixels.length; i++) {
    const value = pixels[i] / unit;
    const target = signed ? (value < 0 ? below : above) : ink;
    const share = Math.min(1, Math.abs(value));
    for (let c = 0; c < 3; c++) data[4 * i + c] = ground[c] + (target[c] - ground[c]) * share;
    data[4 * i + 3] = 255;
  }
}
