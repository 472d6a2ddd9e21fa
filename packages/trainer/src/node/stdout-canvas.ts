import { writeQuietly } from '@mnist-kit/core/node';

/** The part of a stream that a progress bar draws on. */
export interface Canvas {
  /** Whether it is a terminal on which the cursor can be moved. */
  readonly isTTY: boolean;
  readonly columns: number | undefined;
  write(text: string): boolean;
}

/** Columns below which a line of the bar would say nothing. */
const LEAST_COLUMNS = 40;

/** stdout for drawing: once it is closed or full, what is drawn is lost and nothing else, as with `console.log`. */
export function stdoutCanvas(): Canvas {
  return {
    isTTY: takesCursorMoves(),
    get columns() {
      return process.stdout.columns;
    },
    write(text) {
      writeQuietly(process.stdout, text);
      return true;
    },
  };
}

/** Whether stdout is a terminal, and nobody said that it shows or keeps plain text only. */
export function takesCursorMoves(): boolean {
  const { stdout, env } = process;
  const on = (value: string | undefined) => value !== undefined && !['', '0', 'false'].includes(value);
  if (stdout.isTTY !== true || env.TERM === 'dumb' || on(env.CI) || env.NO_COLOR) return false;
  return (stdout.columns ?? 80) >= LEAST_COLUMNS;
}
