import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TensorDict } from '@mnist-kit/core';
import { useBackend } from '@mnist-kit/engine';
import { writeSafetensors } from '@mnist-kit/models';
import { runArchitecture } from '../../packages/engine/src/__tests__/architectures/run.js';
import type { Architecture } from '../../packages/engine/src/__tests__/architectures/spec.js';
import { executors, type Outcome, outcomeOf } from './executors.js';
import { PyTorch } from './pytorch.js';
import type { NetReport } from './report.js';

/** Runs nets here and has them compared by a PyTorch beside it, through files in a folder. */
export class Session {
  readonly #torch: PyTorch;
  readonly #waiting: Omit<NetReport, 'torch'>[] = [];

  /** @param scripts The folder of compare.py. */
  constructor(
    readonly folder: string,
    readonly executors: readonly string[],
    python: string,
    scripts: string,
  ) {
    this.#torch = new PyTorch(python, scripts);
  }

  /** Nets whose comparison is not collected yet. */
  get waiting(): number {
    return this.#waiting.length;
  }

  /** Runs a net on the executors, leaves what they computed in the folder, and asks PyTorch. */
  async run(architecture: Architecture, inputs: TensorDict): Promise<void> {
    const base = join(this.folder, String(architecture.seed));
    await writeFile(`${base}.inputs.safetensors`, writeSafetensors(inputs));
    const outcomes: Record<string, Outcome> = {};
    const ran: string[] = [];
    for (const executor of this.executors) {
      await useBackend('cpu');
      try {
        const results = await runArchitecture(architecture, inputs, (model) =>
          executors[executor](model, architecture),
        );
        await writeFile(`${base}.${executor}.safetensors`, writeSafetensors(results));
        ran.push(executor);
      } catch (error) {
        outcomes[executor] = outcomeOf(error);
      }
    }
    await writeFile(`${base}.json`, JSON.stringify({ architecture, executors: ran }));
    this.#torch.ask(`${base}.json`);
    this.#waiting.push({ architecture, outcomes });
  }

  /** The report of the net that has waited longest. */
  async collect(): Promise<NetReport> {
    return { ...this.#waiting.shift()!, torch: await this.#torch.answer() };
  }

  close(): void {
    this.#torch.close();
  }
}
