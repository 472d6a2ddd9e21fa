import { isNode } from '../is-node.js';

const locks = (): LockManager | undefined =>
  isNode() || typeof navigator === 'undefined' ? undefined : navigator.locks;

/**
 * Takes a lock that nobody else knows of, for as long as this worker lives: the page, which asks for it too, gets it
 * when the worker is gone, of which browsers tell in no other way. Node tells.
 *
 * @returns The lock's name; an empty one where there are no locks.
 */
export async function holdLock(): Promise<string> {
  const manager = locks();
  if (manager === undefined) return '';
  const name = `mnist-kit training ${crypto.randomUUID()}`;
  return new Promise((resolve) => {
    const hold = () => {
      resolve(name);
      return new Promise(() => {});
    };
    // Frames without an origin of their own have locks and must not take them.
    manager.request(name, hold).catch(() => resolve(''));
  });
}

/** Calls `onRelease` when whoever holds a lock is gone. @param signal Aborts when nobody wants to know any more. */
export function awaitRelease(name: string, signal: AbortSignal, onRelease: () => void): void {
  if (name === '') return;
  locks()
    ?.request(name, { signal }, onRelease)
    // Aborted.
    .catch(() => {});
}
