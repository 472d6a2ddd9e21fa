import type { Site } from './site.js';

/** How TensorFlow.js pads for a window. */
export interface Window {
  readonly padding: 'same' | 'valid';
  /** Rows above and below, columns left and right, that must be added before. */
  readonly zeros?: readonly [readonly [number, number], readonly [number, number]];
  /** Whether any pixel from outside is under a window. */
  readonly pads: boolean;
}

interface Axis {
  /** Pixels from outside that windows see, before and behind. */
  readonly before: number;
  readonly behind: number;
  readonly same: boolean;
}

interface Geometry {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  /** Height and width. */
  readonly image: readonly (number | null)[];
  /** Whether a window that reaches beyond the end counts. */
  readonly ceil?: boolean;
}

/** The padding that an ONNX window has, as TensorFlow.js's `same` or `valid`, or as zeros to be added before. */
export function windowOf(site: Site, geometry: Geometry): Window {
  const { attributes } = site;
  const mode = attributes.text('auto_pad', 'NOTSET');
  const pads = attributes.ints('pads');
  if (!['NOTSET', 'VALID', 'SAME_UPPER', 'SAME_LOWER'].includes(mode))
    throw attributes.refuse('auto_pad', 'must be NOTSET, VALID, SAME_UPPER or SAME_LOWER', mode);
  if (mode !== 'NOTSET' && pads?.some((pad) => pad !== 0))
    throw attributes.refuse('pads', 'must be left out beside `auto_pad`', pads);
  if (pads !== undefined && (pads.length !== 4 || pads.some((pad) => pad < 0 || pad > 2 ** 20)))
    throw attributes.refuse('pads', 'must be [top, left, bottom, right], none below 0', pads);
  const [height, width] = [0, 1].map((i) =>
    axisOf(site, geometry, i, mode, [pads?.[i] ?? 0, pads?.[i + 2] ?? 0]),
  );
  const none = [height, width].every(({ before, behind }) => before === 0 && behind === 0);
  if (none) return { padding: 'valid', pads: false };
  if (height.same && width.same) return { padding: 'same', pads: true };
  return {
    padding: 'valid',
    pads: true,
    zeros: [
      [height.before, height.behind],
      [width.before, width.behind],
    ],
  };
}

function axisOf(
  site: Site,
  { size, strides, dilation, image, ceil = false }: Geometry,
  i: number,
  mode: string,
  [begin, end]: readonly [number, number],
): Axis {
  const [stride, length] = [strides[i], image[i]];
  const reach = (size[i] - 1) * dilation[i] + 1;
  if (length === null) return openAxis(site, { stride, reach, mode, begin, end });
  const sameOutputs = Math.ceil(length / stride);
  const needed = (outputs: number) => (outputs - 1) * stride + reach - length;
  const sameTotal = Math.max(0, needed(sameOutputs));
  const sameBefore = Math.floor(sameTotal / 2);
  let [before, outputs] = [begin, sameOutputs];
  if (mode === 'SAME_UPPER' || mode === 'SAME_LOWER')
    before = mode === 'SAME_UPPER' ? sameBefore : sameTotal - sameBefore;
  else {
    const steps = (length + begin + end - reach) / stride;
    outputs = (ceil ? Math.ceil(steps) : Math.floor(steps)) + 1;
    // A window that sees nothing but what is beyond the end does not count.
    if (ceil && (outputs - 1) * stride >= length + begin) outputs -= 1;
    if (length + begin + end < reach || outputs < 1)
      throw site.refuse(`its window of ${size.join(' x ')} does not fit the image, ${image.join(' x ')}`);
  }
  const behind = Math.max(0, needed(outputs) - before);
  return { before, behind, same: outputs === sameOutputs && before === sameBefore };
}

/** Where the image may have any size, some paddings are the same for all of them. */
function openAxis(
  site: Site,
  {
    stride,
    reach,
    mode,
    begin,
    end,
  }: { stride: number; reach: number; mode: string; begin: number; end: number },
): Axis {
  if (mode === 'VALID' || (mode === 'NOTSET' && begin === 0 && end === 0))
    return { before: 0, behind: 0, same: false };
  const half = Math.floor((reach - 1) / 2);
  const keeps = mode === 'NOTSET' && stride === 1 && begin === half && end === reach - 1 - half;
  if (mode === 'SAME_UPPER' || keeps)
    return { before: half, behind: Math.max(1, reach - 1 - half), same: true };
  throw site.refuse('its padding can be found for images of a fixed size only; export the model with one');
}
