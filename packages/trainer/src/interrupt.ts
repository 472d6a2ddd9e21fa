import { platform } from '#trainer/platform';

/**
 * Calls `onInterrupt` with the reason when the signal aborts or, in Node and where asked for, at a
 * signal that ends processes, such as Ctrl-C.
 *
 * @returns A function that stops listening.
 */
export function listenForInterrupts(
  onInterrupt: (reason: string) => void,
  { signal, handleSignals }: { signal?: AbortSignal; handleSignals: boolean },
): () => void {
  const stops: (() => void)[] = [];
  if (signal !== undefined) {
    const onAbort = () => onInterrupt(describeAbort(signal.reason));
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort);
    stops.push(() => signal.removeEventListener('abort', onAbort));
  }
  if (handleSignals) stops.push(platform.listenForSignals(onInterrupt));
  return () => {
    for (const stop of stops) stop();
  };
}

function describeAbort(reason: unknown): string {
  if (reason instanceof Error) return reason.name === 'AbortError' ? 'aborted' : reason.message;
  return reason === undefined ? 'aborted' : String(reason);
}
