/**
 * Colours of every plot, each as a pair for light and dark surroundings. Series colours are the
 * blue, vermilion and bluish green that Okabe and Ito chose to stay apart under colour blindness
 * (https://jfly.uni-koeln.de/color/), lightened for the dark theme.
 */

/**
 * Where a plot will be seen. `auto` is light, and dark where the reader's system asks for it.
 *
 * @example
 * ```ts
 * import { learningRateCurve, type Theme } from '@mnist-kit/plots';
 *
 * const theme: Theme = 'dark';
 * const svg = learningRateCurve([{ epoch: 1, lr: 1e-3 }], { theme });
 * ```
 */
export type Theme = 'auto' | 'light' | 'dark';

/** The light colours. SVG attributes hold these; the dark ones replace them by rule. */
export const color = {
  surface: '#ffffff',
  ink: '#1f2733',
  muted: '#5a6472',
  axis: '#8d96a3',
  grid: '#e7eaee',
  blue: '#0068a8',
  orange: '#cc5500',
  green: '#007f5f',
  purple: '#8a4a9e',
  gold: '#9a7400',
  gray: '#707a87',
} as const;

/** Blues for the right answers and oranges for the wrong ones, from faint to strong. */
export const rightShades = ['#f2f7fb', '#d3e5f2', '#a4cae4', '#6aa9d2', '#2f83b9', '#015e99'] as const;
export const wrongShades = ['#fdf3ea', '#fae0c8', '#f5c296', '#ec9a59', '#d8702a', '#b34a04'] as const;
/** Text that is read on the strong shades. */
export const onStrong = '#fefefe';
/** Text that is read on the faint shades. */
export const onFaint = '#202834';

/** Colours of successive series. */
export const seriesColors = [
  color.blue,
  color.orange,
  color.green,
  color.purple,
  color.gold,
  color.gray,
] as const;

const darkOf: ReadonlyMap<string, string> = new Map([
  [color.surface, '#171c23'],
  [color.ink, '#e6eaf0'],
  [color.muted, '#a5afbd'],
  [color.axis, '#6b7685'],
  [color.grid, '#2a313b'],
  [color.blue, '#5eb3ec'],
  [color.orange, '#ff9d57'],
  [color.green, '#45c9a0'],
  [color.purple, '#c995dc'],
  [color.gold, '#dcb64a'],
  [color.gray, '#98a2af'],
  ['#f2f7fb', '#1b242d'],
  ['#d3e5f2', '#1d3344'],
  ['#a4cae4', '#1f4a68'],
  ['#6aa9d2', '#25648f'],
  ['#2f83b9', '#2f83b8'],
  ['#015e99', '#62b1e6'],
  ['#fdf3ea', '#2a221b'],
  ['#fae0c8', '#44301f'],
  ['#f5c296', '#664020'],
  ['#ec9a59', '#915420'],
  ['#d8702a', '#c56a26'],
  ['#b34a04', '#f79a52'],
  [onStrong, '#10151b'],
  [onFaint, '#dfe4eb'],
]);

const colored = /(fill|stroke)="(#[0-9a-f]{6})"/g;

/**
 * Gives an SVG drawn in light colours the asked theme.
 *
 * Presentation attributes keep the light colours for `auto`, so that renderers without media queries
 * (PNG conversion, old viewers) draw the light theme, and a rule swaps them where the reader prefers dark.
 * Print stays light.
 */
export function applyTheme(svgBody: string, theme: Theme): { body: string; style: string } {
  if (theme === 'light') return { body: svgBody, style: '' };
  if (theme === 'dark') {
    const body = svgBody.replace(colored, (whole, property, light) => {
      const dark = darkOf.get(light);
      return dark === undefined ? whole : `${property}="${dark}"`;
    });
    return { body, style: '' };
  }
  const used = new Set<string>();
  for (const [, property, light] of svgBody.matchAll(colored)) {
    if (darkOf.has(light)) used.add(`${property} ${light}`);
  }
  const rules = [...used].sort().map((key) => {
    const [property, light] = key.split(' ');
    return `.mk-plot [${property}="${light}"]{${property}:${darkOf.get(light)}}`;
  });
  if (rules.length === 0) return { body: svgBody, style: '' };
  return {
    body: svgBody,
    style: `<style>@media screen and (prefers-color-scheme:dark){${rules.join('')}}</style>`,
  };
}
