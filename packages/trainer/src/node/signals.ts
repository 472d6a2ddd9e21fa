/** The signals that end a fit after its current step, with the exit code a shell expects of each. */
const exitCodes = { SIGINT: 130, SIGTERM: 143 } as const;

/** A signal that ends a fit. */
export type StopSignal = keyof typeof exitCodes;

/**
 * Calls `onSignal` at the first SIGINT or SIGTERM and sets the process's exit code; a second one gets the
 * default treatment, which ends the process at once.
 *
 * @returns A function that stops listening.
 */
export function listenForSignals(onSignal: (signal: StopSignal) => void): () => void {
  let received = false;
  const listener = (signal: NodeJS.Signals) => {
    if (received) {
      stop();
      process.kill(process.pid, signal);
      return;
    }
    received = true;
    process.exitCode ??= exitCodes[signal as StopSignal];
    onSignal(signal as StopSignal);
  };
  const names = Object.keys(exitCodes) as StopSignal[];
  for (const name of names) process.on(name, listener);
  const stop = () => {
    for (const name of names) process.off(name, listener);
  };
  return stop;
}
