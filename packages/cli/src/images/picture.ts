/** Most pixels of a picture: decoded it takes some ten bytes for each. */
export const MOST_PIXELS = 64_000_000;

/** Rec. 601 luma of gamma-coded red, green and blue from 0 to 1, as Pillow's mode `L`. */
export function luma(red: number, green: number, blue: number): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}
