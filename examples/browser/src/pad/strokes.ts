import { type PreparedPicture, preparePicture } from '@mnist-kit/datasets';

/** A point of a stroke, as fractions of the pad. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export type Stroke = readonly Point[];

/** Side of the picture that a drawing is read from: four times MNIST's. */
export const SIDE = 112;
/** Width of a stroke as a fraction of the pad: after fitting about that of MNIST's pens. */
const PEN = 0.085;

/** Draws strokes in white on whatever is there. */
export function paintStrokes(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
  strokes: readonly Stroke[],
  side: number,
  ink: string,
): void {
  context.strokeStyle = ink;
  context.fillStyle = ink;
  context.lineWidth = PEN * side;
  context.lineCap = 'round';
  context.lineJoin = 'round';
  for (const stroke of strokes) {
    const [first] = stroke;
    if (first === undefined) continue;
    context.beginPath();
    if (stroke.length === 1) {
      context.arc(first.x * side, first.y * side, (PEN * side) / 2, 0, 2 * Math.PI);
      context.fill();
      continue;
    }
    context.moveTo(first.x * side, first.y * side);
    for (const { x, y } of stroke.slice(1)) context.lineTo(x * side, y * side);
    context.stroke();
  }
}

/** Put where MNIST's digits are; `undefined` while too little is drawn. */
export function readStrokes(strokes: readonly Stroke[]): PreparedPicture | undefined {
  const canvas = scratch();
  const context = canvas.getContext('2d', { willReadFrequently: true }) as
    | CanvasRenderingContext2D
    | OffscreenCanvasRenderingContext2D;
  context.fillStyle = '#000';
  context.fillRect(0, 0, SIDE, SIDE);
  paintStrokes(context, strokes, SIDE, '#fff');
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  const luminance = Float32Array.from({ length: SIDE * SIDE }, (_, i) => data[4 * i] / 255);
  try {
    return preparePicture({ width: SIDE, height: SIDE, luminance }, 'The drawing', 28, { ink: 'light' });
  } catch {
    // A dot, or nothing: there is no digit to read yet.
    return undefined;
  }
}

let kept: OffscreenCanvas | HTMLCanvasElement | undefined;

function scratch(): OffscreenCanvas | HTMLCanvasElement {
  if (kept !== undefined) return kept;
  if (typeof OffscreenCanvas !== 'undefined') kept = new OffscreenCanvas(SIDE, SIDE);
  else kept = Object.assign(document.createElement('canvas'), { width: SIDE, height: SIDE });
  return kept;
}
