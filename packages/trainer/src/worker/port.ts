import { EngineError } from '@mnist-kit/core';
import { isNode } from '../is-node.js';
import type { ToClient, ToHost } from './messages.js';
import { unwrap, wrap } from './messages.js';
import { portInNode } from './port-node.js';

/** The worker's end of the line to the page. */
export interface HostPort {
  /** @throws DataCloneError for something that is no plain data. */
  post(message: ToClient, transfer?: readonly Transferable[]): void;
}

/** The global scope of a worker in a browser; TypeScript's own types are those of pages. */
interface BrowserWorkerScope {
  postMessage(message: unknown, transfer: readonly Transferable[]): void;
  addEventListener(type: 'message', listener: (event: { readonly data: unknown }) => void): void;
  readonly document?: unknown;
}

/**
 * Opens the line to whoever started this worker.
 *
 * @throws EngineError outside of a worker.
 */
export function openPort(onMessage: (message: ToHost) => void): HostPort {
  const receive = (data: unknown) => {
    const message = unwrap<ToHost>(data);
    if (message !== undefined) onMessage(message);
  };
  if (isNode()) {
    const port = portInNode();
    if (port === null) throw notInWorker();
    port.on('message', receive);
    return {
      post: (message, transfer = []) =>
        port.postMessage(wrap(message), [...transfer] as Parameters<typeof port.postMessage>[1]),
    };
  }
  const scope = globalThis as unknown as BrowserWorkerScope;
  // A window has a postMessage as well, which takes something else.
  if (scope.document !== undefined || typeof scope.postMessage !== 'function') throw notInWorker();
  scope.addEventListener('message', ({ data }) => receive(data));
  return { post: (message, transfer = []) => scope.postMessage(wrap(message), transfer) };
}

const notInWorker = () =>
  new EngineError(
    'hostTraining must be called in a worker: in a file that the page starts as a Worker, from which a TrainingClient ' +
      'speaks to it.',
  );
