import { constants } from 'node:os';

/**
 * The signals that end a fit after its current step, with the exit code a shell expects of each: 128 and the
 * signal's number. SIGHUP is a terminal that was closed, SIGBREAK Ctrl-Break on Windows.
 */
const exitCodes = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129, SIGBREAK: 149 } as const;

/** A signal that ends a fit. */
export type StopSignal = keyof typeof exitCodes;

/**
 * Calls `onSignal` at the first of these signals and sets the process's exit code; a second one gets the default
 * treatment, which ends the process at once. Not so SIGHUP: a terminal that is closed may send several, and the end
 * of a session sends it after a SIGTERM.
 *
 * @returns A function that stops listening.
 */
export function listenForSignals(onSignal: (signal: StopSignal) => void): () => void {
  let received = false;
  const listener = (signal: NodeJS.Signals) => {
    const code = exitCodes[signal as StopSignal];
    if (!received) {
      received = true;
      process.exitCode ??= code;
      onSignal(signal as StopSignal);
    } else if (signal !== 'SIGHUP') {
      stop();
      try {
        process.kill(process.pid, signal);
      } catch {
        // Windows cannot send SIGBREAK.
        process.exit(code);
      }
    }
  };
  const names = (Object.keys(exitCodes) as StopSignal[]).filter((name) => name in constants.signals);
  for (const name of names) process.on(name, listener);
  const stop = () => {
    for (const name of names) process.off(name, listener);
  };
  return stop;
}
