import { effect, signal } from '@preact/signals';
import { InspectorClient } from '../inspector/inspector-client.js';
import type { InspectorCall, InspectorCalls, NetDescription } from '../inspector/messages.js';
import type { Run } from './run.js';

/** Milliseconds between two looks at the net that is being trained. */
const EVERY = 250;
/** Milliseconds that settings must rest before the net is made anew. */
const REST = 150;

/** Keeps a second net, in a worker of its own, that has the weights of a run's; says when they have changed. */
export class Inspection {
  /** Changes with the weights. */
  readonly version = signal(0);
  /** The net that the settings describe, or why it cannot be. */
  readonly description = signal<NetDescription | string | undefined>(undefined);
  /** Weights of a file, that the next training starts from. */
  readonly initial = signal<Uint8Array | undefined>(undefined);
  readonly #run: Run;
  readonly #client: InspectorClient;
  readonly #stops: (() => void)[] = [];
  #timer: number | undefined;
  #step = -1;
  #following: Promise<void> | undefined;

  constructor(run: Run, mnistUrl: string) {
    this.#run = run;
    this.#client = new InspectorClient({ mnistUrl });
    this.#watchSettings();
    this.#timer = window.setInterval(() => {
      if (!document.hidden) void this.follow();
    }, EVERY);
  }

  call<C extends InspectorCall>(
    call: C,
    ...args: Parameters<InspectorCalls[C]>
  ): Promise<ReturnType<InspectorCalls[C]>> {
    return this.#client.call(call, ...args);
  }

  /** Is called when nobody looks at the run any more. */
  atEnd(work: () => void): void {
    this.#stops.push(work);
  }

  dispose(): void {
    window.clearInterval(this.#timer);
    for (const stop of this.#stops) stop();
    this.#client.dispose();
  }

  /**
   * Counts the parameters of what is composed. Before any training the net itself is shown: untrained, or with the weights
   * of a file; of a run of an earlier visit, as that left it.
   */
  #watchSettings(): void {
    let rest: number | undefined;
    let last = '';
    const stop = effect(() => {
      const { net, seed, data } = this.#run.settings.value;
      const { trained } = this.#run;
      const initial = this.initial.value;
      const key = JSON.stringify([
        net,
        data,
        trained.value === undefined,
        trained.value === undefined && seed,
        initial?.length,
      ]);
      if (key === last) return;
      last = key;
      window.clearTimeout(rest);
      rest = window.setTimeout(async () => {
        try {
          this.description.value = await this.call('describe', net);
          if (this.#run.hasNet || this.#run.active.value) return;
          const old = trained.value;
          if (old === undefined) await this.call('load', net, data, initial, seed);
          else await this.call('load', old.net, old.data, await this.#run.storedWeights(), old.seed);
          this.#step = -1;
          this.version.value++;
        } catch (error) {
          this.description.value = error instanceof Error ? error.message : String(error);
        }
      }, REST);
    });
    this.#stops.push(stop, () => window.clearTimeout(rest));
  }

  /** Takes the newest weights. */
  async follow(): Promise<void> {
    this.#following ??= this.#take().finally(() => {
      this.#following = undefined;
    });
    await this.#following;
  }

  async #take(): Promise<void> {
    const { figures, trained } = this.#run;
    const { step } = figures.value;
    const settings = trained.value;
    if (settings === undefined || step === this.#step || !this.#run.hasNet) return;
    try {
      const weights = await this.#run.weights();
      if (weights === undefined) return;
      await this.call('load', settings.net, settings.data, weights, settings.seed);
      this.#step = step;
      this.version.value++;
    } catch {
      // The run ended meanwhile; the next look finds out.
    }
  }
}
