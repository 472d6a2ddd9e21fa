import type { InspectorAnswer, InspectorCall, InspectorCalls, InspectorSetup } from './messages.js';

interface Waiting {
  resolve(result: unknown): void;
  reject(error: Error): void;
}

/** An error of the inspector, under the name that it had there. */
export class InspectorError extends Error {
  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

/** The page's end of the line to an inspector in a worker. */
export class InspectorClient {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #ids = 0;

  constructor(setup: InspectorSetup) {
    this.#worker = new Worker(new URL('./inspector.worker.ts', import.meta.url), {
      type: 'module',
      name: 'inspector',
    });
    this.#worker.postMessage(setup);
    this.#worker.addEventListener('message', ({ data }: MessageEvent<InspectorAnswer>) => this.#settle(data));
    this.#worker.addEventListener('error', ({ message }) => {
      const error = new InspectorError('WorkerError', message ?? 'The inspector did not start.');
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    });
  }

  call<C extends InspectorCall>(
    call: C,
    ...args: Parameters<InspectorCalls[C]>
  ): Promise<ReturnType<InspectorCalls[C]>> {
    const id = ++this.#ids;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as Waiting['resolve'], reject });
      this.#worker.postMessage({ id, call, args });
    });
  }

  dispose(): void {
    this.#worker.terminate();
  }

  #settle(answer: InspectorAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if ('error' in answer) waiting?.reject(new InspectorError(answer.error.name, answer.error.message));
    else waiting?.resolve(answer.result);
  }
}
