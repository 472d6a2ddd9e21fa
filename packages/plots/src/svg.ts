import { applyTheme, color, type Theme } from './palette.js';

/** Fonts in the order they are looked for; the PNG renderer carries Open Sans with it. */
export const fontFamily = 'Open Sans, Segoe UI, Roboto, Helvetica Neue, Arial, sans-serif';

/**
 * What every plot takes.
 *
 * @example
 * ```ts
 * import { learningRateCurve, type PlotOptions } from '@mnist-kit/plots';
 *
 * const options: PlotOptions = { title: 'The schedule', width: 600, height: 300, theme: 'light' };
 * const svg = learningRateCurve([{ epoch: 1, lr: 1e-3 }], options);
 * ```
 */
export interface PlotOptions {
  /** Heading drawn above the plot and read out by screen readers. Each plot has a default. */
  title?: string;
  /** Width in CSS pixels. Each plot has a default. */
  width?: number;
  /** Height in CSS pixels. Each plot has a default. */
  height?: number;
  /** `'auto'` (default: light, dark where the reader's system prefers it), `'light'` or `'dark'`. */
  theme?: Theme;
}

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/**
 * Text made safe for XML and HTML, in content and in quoted attributes. Characters that XML 1.0 forbids
 * (most control characters, lone surrogates) become U+FFFD.
 */
export function escapeXml(text: string): string {
  return text
    .replace(
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for.
      /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g,
      '\ufffd',
    )
    .replace(/[&<>"']/g, (character) => entities[character]);
}

/** One element with its attributes escaped; `children` is markup already. */
export function element(
  name: string,
  attributes: Record<string, string | number | undefined>,
  children = '',
): string {
  const written = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(String(value))}"`)
    .join('');
  return children === '' ? `<${name}${written}/>` : `<${name}${written}>${children}</${name}>`;
}

/** One line of text in a plot. */
export function label(
  text: string,
  attributes: {
    x: number;
    y: number;
    'font-size': number;
    'font-weight'?: number;
    'text-anchor'?: 'start' | 'middle' | 'end';
    fill?: string;
  },
): string {
  return element('text', { fill: color.ink, ...attributes }, escapeXml(text));
}

/** Wraps drawn markup into a complete, themed and labelled SVG document. */
export function svgDocument(
  body: string,
  options: { width: number; height: number; title: string; description: string; theme: Theme },
): string {
  const { width, height, title, description, theme } = options;
  const surface = element('rect', { width, height, fill: color.surface });
  const themed = applyTheme(surface + body, theme);
  const id = `p${hash(`${title}|${description}|${themed.body}`)}`;
  const content = themed.body.replaceAll('@ID@', id);
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" class="mk-plot" width="${width}" height="${height}" ` +
    `viewBox="0 0 ${width} ${height}" font-family="${fontFamily}" role="img" ` +
    `aria-labelledby="${id}-t ${id}-d">` +
    `<title id="${id}-t">${escapeXml(title)}</title><desc id="${id}-d">${escapeXml(description)}</desc>` +
    `${themed.style}${content}</svg>`
  );
}

/** FNV-1a, 32 bits: ids that depend on what is drawn, so that plots share a page and runs stay repeatable. */
function hash(text: string): string {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return (h >>> 0).toString(36);
}
