import { isNode } from './is-node.js';

/**
 * `console.log` for a fit: a stdout that is closed or full loses the line and nothing else. Node's own lets the second
 * such line end the process. Who listens for the stream's errors hears of them.
 */
export function log(line: string): void {
  sparingErrors('stdout', () => console.log(line));
}

/** `console.warn` for a fit, in the same way. */
export function warn(line: string): void {
  sparingErrors('stderr', () => console.warn(line));
}

function sparingErrors(name: 'stdout' | 'stderr', work: () => void): void {
  if (!isNode()) {
    work();
    return;
  }
  const stream = process[name];
  const ignore = () => {};
  stream.on('error', ignore);
  try {
    work();
  } finally {
    // The error of a write that fails at once is told in this turn of the event loop.
    setImmediate(() => stream.off('error', ignore));
  }
}
