import { signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { color, isDark } from '../app/theme.js';
import { PixelImage } from '../insights/pixel-image.js';
import { drawing, setStrokes, strokes } from './drawing.js';
import { type Point, paintStrokes } from './strokes.js';

/** Keyboard steps as fractions of the pad. */
const STEP = 0.04;

/** A square to draw on: with a finger, a mouse, or the keyboard. */
export function Pad() {
  const canvas = useRef<HTMLCanvasElement>(null);
  const pen = useRef<{ at: Point; down: boolean }>({ at: { x: 0.5, y: 0.5 }, down: false });

  useEffect(() => {
    const paint = () => {
      const element = canvas.current;
      const context = element?.getContext('2d');
      if (!element || !context) return;
      context.clearRect(0, 0, element.width, element.height);
      paintStrokes(context, strokes.value, element.width, color('ink'));
      if (document.activeElement === element && pen.current.at && keyboard.value)
        drawPen(context, element.width, pen.current);
    };
    const stops = [
      strokes.subscribe(paint),
      isDark.subscribe(() => requestAnimationFrame(paint)),
      keyboard.subscribe(paint),
      moved.subscribe(paint),
    ];
    return () => {
      for (const stop of stops) stop();
    };
  }, []);

  const place = (event: PointerEvent): Point => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { x: (event.clientX - box.left) / box.width, y: (event.clientY - box.top) / box.height };
  };
  const extend = (point: Point) => {
    const all = strokes.value;
    setStrokes([...all.slice(0, -1), [...all[all.length - 1], point]]);
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const direction = ARROWS[event.key];
    const state = pen.current;
    if (direction !== undefined) {
      event.preventDefault();
      const clamp = (value: number) => Math.min(0.96, Math.max(0.04, value));
      state.at = { x: clamp(state.at.x + direction[0] * STEP), y: clamp(state.at.y + direction[1] * STEP) };
      if (state.down) extend(state.at);
    } else if (event.key === ' ') {
      event.preventDefault();
      state.down = !state.down;
      if (state.down) setStrokes([...strokes.value, [state.at]]);
    } else if (event.key === 'Delete' || event.key === 'Backspace') {
      event.preventDefault();
      state.down = false;
      setStrokes(event.key === 'Delete' ? [] : strokes.value.slice(0, -1));
    } else return;
    keyboard.value = true;
    moved.value++;
  };

  return (
    <div class="pad-row">
      {/* biome-ignore lint/a11y/noInteractiveElementToNoninteractiveRole: it is drawn on with the keyboard as well. */}
      <canvas
        ref={canvas}
        class="pad"
        width={280}
        height={280}
        tabIndex={0}
        role="application"
        aria-label="Pad to draw a digit on. Arrow keys move the pen, space puts it down or lifts it, backspace takes the last stroke back, delete clears."
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          keyboard.value = false;
          setStrokes([...strokes.value, [place(event)]]);
        }}
        onPointerMove={(event) => {
          if (event.buttons === 0 || strokes.value.length === 0) return;
          extend(place(event));
        }}
        onKeyDown={onKeyDown}
        onBlur={() => {
          pen.current.down = false;
          keyboard.value = false;
        }}
      />
      <figure class="seen">
        <PixelImage
          pixels={drawing.value ?? BLANK}
          width={28}
          height={28}
          scale={3}
          label={drawing.value === undefined ? 'Nothing is drawn' : 'The drawing as the net sees it'}
        />
        <figcaption>as the net sees it</figcaption>
        <button
          type="button"
          onClick={() => setStrokes(strokes.value.slice(0, -1))}
          disabled={strokes.value.length === 0}
        >
          Undo
        </button>
        <button type="button" onClick={() => setStrokes([])} disabled={strokes.value.length === 0}>
          Clear
        </button>
      </figure>
    </div>
  );
}

const BLANK = new Float32Array(784);
const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};
/** Whether the pen of the keyboard is shown, and that it moved. */
const keyboard = signal(false);
const moved = signal(0);

function drawPen(
  context: CanvasRenderingContext2D,
  side: number,
  { at, down }: { at: Point; down: boolean },
): void {
  context.strokeStyle = color('accent');
  context.lineWidth = 3;
  context.beginPath();
  context.arc(at.x * side, at.y * side, down ? 9 : 13, 0, 2 * Math.PI);
  context.stroke();
}
