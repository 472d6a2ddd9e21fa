import { checkOptionNames, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import { encode } from 'fast-png';
import { checkArray, checkInteger, checkObject, checkText, checkTexts, withDefaults } from './check.js';
import { color } from './palette.js';
import { element, escapeXml, label, type PlotOptions, svgDocument } from './svg.js';

/**
 * One single-channel image.
 *
 * @example
 * ```ts
 * import { digitGrid, type GrayImage } from '@mnist-kit/plots';
 *
 * const image: GrayImage = { data: new Uint8Array(28 * 28), width: 28, height: 28 };
 * const svg = digitGrid([{ image }]);
 * ```
 */
export interface GrayImage {
  /**
   * Pixels, `height x width`, row by row. Bytes are 0 (black) to 255 (white); floats of any range are
   * stretched from their smallest (black) to their largest value (white).
   */
  readonly data: Uint8Array | Uint8ClampedArray | Float32Array | Float64Array;
  /** Pixels in a row. */
  readonly width: number;
  /** Number of rows. */
  readonly height: number;
}

/**
 * One image of a `digitGrid` with the lines of text under it.
 *
 * @example
 * ```ts
 * import { type CaptionedImage, digitGrid } from '@mnist-kit/plots';
 *
 * const seven: CaptionedImage = {
 *   image: { data: new Uint8Array(28 * 28), width: 28, height: 28 },
 *   caption: ['7', 'taken for 1'],
 * };
 * const svg = digitGrid([seven]);
 * ```
 */
export interface CaptionedImage {
  readonly image: GrayImage;
  /** Lines under the image; the first is set in bold. Default: none. */
  readonly caption?: readonly string[];
  /** Text shown when the pointer rests on the image. Default: the caption. */
  readonly tooltip?: string;
}

/**
 * Options of `digitGrid`.
 *
 * @example
 * ```ts
 * import { digitGrid, type DigitGridOptions } from '@mnist-kit/plots';
 *
 * const options: DigitGridOptions = { columns: 5, title: 'The first digits' };
 * const svg = digitGrid([{ image: { data: new Uint8Array(28 * 28), width: 28, height: 28 } }], options);
 * ```
 */
export interface DigitGridOptions extends Omit<PlotOptions, 'width' | 'height'> {
  /** Second line of the heading. Default: none. */
  subtitle?: string;
  /** Images in a row. Default 8, or fewer where there are fewer. */
  columns?: number;
  /** Size of the longer side of an image in CSS pixels. Default 72. */
  imageSize?: number;
}

/** Every option of {@link digitGrid}. */
export const digitGridOptionNames: OptionNames<DigitGridOptions> = {
  title: true,
  theme: true,
  subtitle: true,
  columns: true,
  imageSize: true,
};

/**
 * Draws images in a grid with text under each, as SVG. The pixels are embedded as PNG and drawn without
 * smoothing. Without images the grid says so.
 *
 * @param images The images, in reading order.
 * @param options `title` (default `'Digits'`), `subtitle`, `columns`, `imageSize`, `theme`.
 * @returns A complete SVG document; its size follows from the number of images and the longest caption.
 * @throws {InvalidArgumentError} An image has no pixels, another number of pixels than `width x height`, or a pixel
 *   that is not finite; `columns` or `imageSize` is not a positive integer.
 *
 * @example
 * ```ts
 * import { digitGrid } from '@mnist-kit/plots';
 *
 * const image = { data: new Uint8Array(28 * 28).fill(128), width: 28, height: 28 };
 * const svg = digitGrid([{ image, caption: ['7'] }], { title: 'First digit' });
 * ```
 */
export function digitGrid(images: readonly CaptionedImage[], options: DigitGridOptions = {}): string {
  checkOptionNames<DigitGridOptions>('digitGrid', options, digitGridOptionNames);
  checkArray('images', images, 0, 'images');
  for (const [i, image] of images.entries()) {
    checkObject(`images[${i}]`, image, '{ image, caption, tooltip }');
    checkOptionNames<CaptionedImage>(`images[${i}]`, image, { image: true, caption: true, tooltip: true });
    checkObject(`images[${i}].image`, image.image, '{ data, width, height }');
    if (image.caption !== undefined) checkTexts(`images[${i}].caption`, image.caption);
    if (image.tooltip !== undefined) checkText(`images[${i}].tooltip`, image.tooltip);
  }
  const { subtitle, columns = Math.max(1, Math.min(8, images.length)), imageSize = 72 } = options;
  checkInteger('columns', columns, 1);
  if (subtitle !== undefined) checkText('subtitle', subtitle);
  checkInteger('imageSize', imageSize, 8);
  const { title, theme } = withDefaults(options, { title: 'Digits', width: 400, height: 400 });

  const lines = images.reduce((most, { caption = [] }) => Math.max(most, caption.length), 0);
  const longest = images.reduce(
    (most, { caption = [] }) => caption.reduce((m, text) => Math.max(m, text.length), most),
    0,
  );
  const cellWidth = Math.max(imageSize, longest * 6.6) + 20;
  const cellHeight = imageSize + lines * 16 + 20;
  const top = subtitle === undefined ? 46 : 66;
  const rows = Math.ceil(images.length / columns);
  const headingWidth = Math.max(title.length * 8, (subtitle?.length ?? 0) * 6.4) + 32;
  const width = Math.ceil(Math.max(32 + columns * cellWidth - 20, headingWidth, 240));
  const height = Math.ceil(images.length === 0 ? 66 : top + rows * cellHeight);

  // For browsers, which smooth in spite of the attribute; the PNG renderer knows only the attribute, and
  // skips media rules.
  let body = '<style>@media all{.mk-digit image{image-rendering:pixelated}}</style>';
  body += label(title, { x: 16, y: 28, 'font-size': 14, 'font-weight': 600 });
  if (subtitle !== undefined) {
    body += label(subtitle, { x: 16, y: 48, 'font-size': 12, fill: color.muted });
  }
  if (images.length === 0 && subtitle === undefined) {
    body += label('None', { x: 16, y: 48, 'font-size': 12, fill: color.muted });
  }
  for (const [i, { image, caption = [], tooltip = caption.join(', ') }] of images.entries()) {
    const cellLeft = 16 + (i % columns) * cellWidth;
    const cellTop = top + Math.floor(i / columns) * cellHeight;
    const png = toDataUri(image, `images[${i}].image`);
    const fit = imageSize / Math.max(image.width, image.height);
    const shown = { width: image.width * fit, height: image.height * fit };
    const x = cellLeft + (cellWidth - 20 - shown.width) / 2;
    const content = [
      tooltip === '' ? '' : `<title>${escapeXml(tooltip)}</title>`,
      element('image', {
        ...shown,
        x,
        y: cellTop,
        href: png,
        preserveAspectRatio: 'none',
        'image-rendering': 'optimizeSpeed',
      }),
      element('rect', {
        width: shown.width,
        height: shown.height,
        x,
        y: cellTop,
        fill: 'none',
        stroke: color.grid,
      }),
      ...caption.map((text, line) =>
        label(text, {
          x: cellLeft + (cellWidth - 20) / 2,
          y: cellTop + imageSize + 16 + line * 16,
          'font-size': 12,
          'font-weight': line === 0 ? 600 : 400,
          'text-anchor': 'middle',
          fill: line === 0 ? color.ink : color.muted,
        }),
      ),
    ];
    body += element('g', { class: 'mk-digit' }, content.join(''));
  }
  const told = images
    .slice(0, 40)
    .map(({ caption = [], tooltip = caption.join(', ') }) => tooltip)
    .filter((text) => text !== '');
  return svgDocument(body, {
    width,
    height,
    title,
    theme,
    description: [
      `${images.length} image${images.length === 1 ? '' : 's'}.`,
      ...told.map((text) => `${text}.`),
    ].join(' '),
  });
}

function toDataUri(image: GrayImage, argument: string): string {
  const { data, width, height } = image;
  checkInteger(`${argument}.width`, width, 1);
  checkInteger(`${argument}.height`, height, 1);
  if (data.length !== width * height) {
    throw new InvalidArgumentError(
      `${argument}.data.length`,
      `must be ${width} x ${height} = ${width * height}`,
      data.length,
    );
  }
  const png = encode({ width, height, data: toBytes(data, argument), depth: 8, channels: 1 });
  return `data:image/png;base64,${toBase64(png)}`;
}

function toBytes(data: GrayImage['data'], argument: string): Uint8Array {
  if (data instanceof Uint8Array || data instanceof Uint8ClampedArray) return Uint8Array.from(data);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < data.length; i++) {
    if (!Number.isFinite(data[i])) {
      throw new InvalidArgumentError(`${argument}.data[${i}]`, 'must be finite', data[i]);
    }
    low = Math.min(low, data[i]);
    high = Math.max(high, data[i]);
  }
  const scale = high > low ? 255 / (high - low) : 0;
  return Uint8Array.from(data, (value) => Math.round((value - low) * scale));
}

function toBase64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
