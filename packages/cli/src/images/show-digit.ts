/** From nothing to all. */
const SHADES = ' .:-=+*#%@';
const ESCAPE = '\u001b';

/** How a digit is drawn on a terminal. */
export interface ShowOptions {
  /** Whether shades of grey are drawn by colours; else by characters. */
  readonly color: boolean;
}

/**
 * A digit as lines of text, two rows of pixels to a line.
 *
 * @param values Ink from 0 to 1, `size x size`.
 */
export function drawDigit(values: Float32Array, size: number, { color }: ShowOptions): string[] {
  const lines: string[] = [];
  for (let y = 0; y < size; y += 2) {
    let line = '';
    for (let x = 0; x < size; x++) {
      const upper = values[y * size + x];
      const lower = y + 1 < size ? values[(y + 1) * size + x] : 0;
      if (color) line += `${ESCAPE}[38;5;${gray(upper)};48;5;${gray(lower)}m▀`;
      else line += SHADES[Math.round(((upper + lower) / 2) * (SHADES.length - 1))];
    }
    lines.push(color ? `${line}${ESCAPE}[0m` : line);
  }
  return lines;
}

/** The 24 shades of the palette of 256 colours, between its black and white. */
function gray(value: number): number {
  const step = Math.round(value * 25);
  if (step === 0) return 16;
  return step === 25 ? 231 : 231 + step;
}

/** A line for each class, with a bar of so many characters for a probability of 1. */
export function drawProbabilities(
  probabilities: readonly { readonly name: string; readonly probability: number }[],
  width = 24,
): string[] {
  const longest = Math.max(...probabilities.map(({ name }) => name.length));
  return probabilities.map(({ name, probability }) => {
    const bar = '#'.repeat(Math.round(probability * width)).padEnd(width);
    return `${name.padStart(longest)} ${bar} ${(probability * 100).toFixed(1).padStart(5)}%`;
  });
}

/** Two columns beside each other; `width` is how many places the left one takes. */
export function besideEachOther(left: readonly string[], right: readonly string[], width: number): string[] {
  const rows = Math.max(left.length, right.length);
  const top = Math.floor((rows - right.length) / 2);
  return Array.from({ length: rows }, (_, i) =>
    `${left[i] ?? ' '.repeat(width)}  ${right[i - top] ?? ''}`.trimEnd(),
  );
}

/** Whether a stream takes colours: a terminal that is not dumb, with `NO_COLOR` unset (https://no-color.org). */
export function takesColor(stream: NodeJS.WriteStream): boolean {
  const { NO_COLOR, TERM } = process.env;
  return stream.isTTY === true && !NO_COLOR && TERM !== 'dumb' && stream.getColorDepth() >= 8;
}
