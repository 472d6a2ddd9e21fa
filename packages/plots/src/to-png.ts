import { checkOptionNames, EngineError, InvalidArgumentError } from '@mnist-kit/core';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { readFonts, readWasm } from '#plots/resvg';

/**
 * Options of `toPng`.
 *
 * @example
 * ```ts
 * import { learningRateCurve, toPng, type ToPngOptions } from '@mnist-kit/plots';
 *
 * const options: ToPngOptions = { scale: 2 };
 * const png = await toPng(learningRateCurve([{ epoch: 1, lr: 1e-3 }]), options);
 * ```
 */
export interface ToPngOptions {
  /** Pixels of the PNG for each CSS pixel of the SVG. Default 2. */
  scale?: number;
  /**
   * The renderer's WebAssembly: the bytes (or compiled module) of `@resvg/resvg-wasm/index_bg.wasm`. Node finds
   * it by itself; a browser must hand it over, at the first call.
   */
  wasm?: BufferSource | WebAssembly.Module;
  /** TrueType or OpenType files for the text. Default: Open Sans from its npm package (Node only). */
  fonts?: readonly Uint8Array[];
}

/** Pixels of the largest PNG that is made, so that a slip in `scale` ends in an error and not in lost memory. */
const mostPixels = 100_000_000;
let ready: Promise<void> | undefined;

/**
 * Renders an SVG to PNG without a browser and without fonts on the machine, by resvg in WebAssembly.
 *
 * Plots with the theme `'auto'` come out light; for a dark PNG draw the plot with `theme: 'dark'`.
 * Text in scripts that the fonts do not cover is left out (Open Sans: Latin, Greek, Cyrillic).
 *
 * @param svg A complete SVG document, as the plots of this package return it.
 * @param options `scale`; in a browser also `wasm` and `fonts`.
 * @returns The bytes of the PNG file.
 * @throws {InvalidArgumentError} `svg` is not a well-formed SVG with a size, or `scale` is not above 0 or so large
 *   that the PNG would have more than 100 million pixels.
 * @throws {EngineError} The renderer could not be loaded.
 *
 * @example
 * ```ts
 * import { learningRateCurve, toPng } from '@mnist-kit/plots';
 *
 * const png = await toPng(learningRateCurve([{ epoch: 1, lr: 1e-3 }]), { scale: 2 });
 * ```
 */
export async function toPng(svg: string, options: ToPngOptions = {}): Promise<Uint8Array> {
  checkOptionNames<ToPngOptions>('toPng', options, { scale: true, wasm: true, fonts: true });
  const { scale = 2, wasm, fonts } = options;
  if (!(scale > 0 && scale < Number.POSITIVE_INFINITY)) {
    throw new InvalidArgumentError('scale', 'must be a number above 0', scale);
  }
  if (typeof svg !== 'string') throw new InvalidArgumentError('svg', 'must be an SVG document', svg);
  ready ??= load(wasm);
  try {
    await ready;
  } catch (error) {
    ready = undefined;
    throw error;
  }
  const fontBuffers = fonts === undefined ? await defaultFonts() : [...fonts];
  let image: InstanceType<typeof Resvg>;
  try {
    image = new Resvg(svg, {
      fitTo: { mode: 'zoom', value: scale },
      font: { fontBuffers, defaultFontFamily: 'Open Sans', sansSerifFamily: 'Open Sans' },
    });
  } catch (error) {
    throw new InvalidArgumentError('svg', `must be a well-formed SVG document (${error})`, svg.slice(0, 60));
  }
  try {
    if (image.width * image.height * scale * scale > mostPixels) {
      throw new InvalidArgumentError('scale', 'must leave the PNG below 100 million pixels', scale);
    }
    const rendered = image.render();
    const png = rendered.asPng();
    rendered.free();
    return png;
  } finally {
    image.free();
  }
}

async function load(wasm: ToPngOptions['wasm']): Promise<void> {
  try {
    await initWasm(wasm ?? readWasm());
  } catch (error) {
    // The program may have loaded the same module for its own use; that one serves as well.
    if (/already initialized/i.test(String(error))) return;
    throw new EngineError(
      'The PNG renderer could not be loaded. In a browser pass `wasm`, the bytes of ' +
        '@resvg/resvg-wasm/index_bg.wasm.',
      { cause: error },
    );
  }
}

let openSans: Promise<Uint8Array[]> | undefined;

async function defaultFonts(): Promise<Uint8Array[]> {
  openSans ??= readFonts();
  try {
    return await openSans;
  } catch (error) {
    openSans = undefined;
    throw new EngineError('The fonts for PNGs could not be loaded. In a browser pass `fonts`.', {
      cause: error,
    });
  }
}
