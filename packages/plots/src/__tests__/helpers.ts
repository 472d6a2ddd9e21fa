import { readFileSync } from 'node:fs';
import { DOMParser, type Document, type Element, onErrorStopParsing } from '@xmldom/xmldom';

interface ReferenceEpoch {
  epoch: number;
  train_loss: number;
  train_acc: number;
  val_loss: number;
  val_acc: number;
  val_acc_clean: number;
  lr: number;
  train_seconds: number;
}

/** Twenty epochs that a real PyTorch printed. */
export const reference: {
  epoch: number;
  trainLoss: number;
  trainAccuracy: number;
  valLoss: number;
  valAccuracy: number;
  valAccuracyClean: number;
  lr: number;
  seconds: number;
}[] = JSON.parse(readFileSync(new URL('./fixtures/torch-optimized.json', import.meta.url), 'utf8')).log.map(
  (e: ReferenceEpoch) => ({
    epoch: e.epoch,
    trainLoss: e.train_loss,
    trainAccuracy: e.train_acc / 100,
    valLoss: e.val_loss,
    valAccuracy: e.val_acc / 100,
    valAccuracyClean: e.val_acc_clean / 100,
    lr: e.lr,
    seconds: e.train_seconds,
  }),
);

/** Strings that break out of markup that is put together carelessly. */
export const hostile = [
  '</text></svg><script>alert(1)</script>',
  '" onload="alert(1)',
  "' onmouseover='alert(1)",
  '&lt;b&gt; & &amp; &#x3c; ]]> <![CDATA[ <!-- -->',
  'url(https://example.com/x) @import "x"',
  'nul \u0000 bell \u0007 lone \ud800 surrogate',
  '$& $1 @ID@ {b} \\n',
  'zr0-c1 class="x" style="font-family:x;"',
];

/** Parses by an independent XML parser that stops at the first thing that is not well-formed. */
export function parse(svg: string): Document {
  return new DOMParser({ onError: onErrorStopParsing }).parseFromString(svg, 'image/svg+xml');
}

export function all(document: Document | Element, name: string): Element[] {
  return [...document.getElementsByTagName(name)];
}

/** All lines of text in a plot, in the order of drawing. */
export function texts(svg: string): string[] {
  return all(parse(svg), 'text').map((text) => text.textContent ?? '');
}

export interface Mark {
  x: number;
  y: number;
  color: string;
  tooltip: string;
}

/** The marks of line charts: where they stand and what they say. */
export function marks(svg: string): Mark[] {
  return all(parse(svg), 'path')
    .filter((path) => path.getAttribute('class') === 'mk-mark')
    .map((path) => {
      const [, x, y] = /matrix\([^,]+,0,0,[^,]+,([\d.-]+),([\d.-]+)\)/.exec(
        path.getAttribute('transform') ?? '',
      ) ?? ['', 'NaN', 'NaN'];
      return {
        x: Number(x),
        y: Number(y),
        color: path.getAttribute('fill') ?? '',
        tooltip: path.textContent ?? '',
      };
    });
}

/** Largest distance in pixels of the points from the straight line through the two that lie furthest apart. */
export function bend(points: { value: number; pixel: number }[]): number {
  const sorted = [...points].sort((a, b) => a.value - b.value);
  const [first, last] = [sorted[0], sorted[sorted.length - 1]];
  const slope = (last.pixel - first.pixel) / (last.value - first.value);
  return Math.max(...points.map((p) => Math.abs(first.pixel + slope * (p.value - first.value) - p.pixel)));
}

/** The corners of every stroked path. */
export function strokes(svg: string): { width: number; points: [number, number][] }[] {
  return all(parse(svg), 'path').map((path) => ({
    width: Number(path.getAttribute('stroke-width') ?? 1),
    points: [...(path.getAttribute('d') ?? '').matchAll(/[ML]([\d.-]+) ([\d.-]+)/g)].map(([, x, y]) => [
      Number(x),
      Number(y),
    ]),
  }));
}

/** The numbers beside the vertical axes: value, and where they stand. */
export function yLabels(svg: string): { value: number; x: number; y: number }[] {
  return all(parse(svg), 'text')
    .filter((text) => text.getAttribute('text-anchor') === 'end')
    .map((text) => {
      const [, x, y] = /translate\(([\d.]+) ([\d.]+)\)/.exec(text.getAttribute('transform') ?? '') ?? [];
      return { value: Number(text.textContent), x: Number(x), y: Number(y) };
    });
}
