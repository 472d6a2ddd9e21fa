import { EngineError, type Generator } from '@mnist-kit/core';
import { dropoutRate, type Stage, type StageGraph } from './graph/stage.js';
import { paddedChannels } from './machine.js';
import type { PlanMemory } from './memory.js';

/** Dropout decisions per image: one a channel, or one a value. */
function decisionsPerImage({ producer, raw }: Stage): number {
  return producer.kind === 'elementDropout' ? raw.height * raw.width * raw.channels : raw.channels;
}

/** Draws dropout masks in PyTorch's order and puts them where the kernels read them. */
export class DropoutMasks {
  readonly #stages: readonly Stage[];
  #masks: Float32Array[] = [];
  /** Images that masks were drawn for and that no step has used yet. */
  #drawn = 0;

  constructor(graph: StageGraph) {
    this.#stages = graph.stages.filter((stage) => dropoutRate(stage) !== undefined);
  }

  draw(size: number, generator: Generator): void {
    this.#masks = this.#stages.map((stage, i) => {
      const count = size * decisionsPerImage(stage);
      const mask = this.#masks[i]?.length === count ? this.#masks[i] : new Float32Array(count);
      return generator.dropoutMask(mask, dropoutRate(stage) ?? 0);
    });
    this.#drawn = size;
  }

  /** @throws EngineError when no masks were drawn for this many images. */
  check(size: number): void {
    if (this.#stages.length > 0 && this.#drawn !== size)
      throw new EngineError(
        `Dropout masks were drawn for ${this.#drawn} images and the batch has ${size}: ` +
          'call drawMasks(size, generator) before every training step.',
      );
  }

  /**
   * Copies the drawn masks into the plan's memory; each draw serves one step.
   *
   * @throws EngineError when none were drawn for this many images.
   */
  use(memory: PlanMemory, size: number): void {
    this.check(size);
    for (const [i, stage] of this.#stages.entries()) {
      const { channels } = stage.raw;
      const stride = paddedChannels(channels);
      const start = memory.buffersOf(stage).mask / 4;
      const mask = this.#masks[i];
      const pixels = decisionsPerImage(stage) / channels;
      const places = stage.dropout?.places;
      if (places) {
        for (let image = 0; image < size; image++)
          for (let c = 0; c < channels; c++)
            memory.floats[start + image * stride + c] = mask[image * channels + places[c]];
        continue;
      }
      if (stride === channels && pixels === 1) {
        memory.floats.set(mask, start);
        continue;
      }
      // Drawn channel by channel, as PyTorch lays images out; stored pixel by pixel.
      let next = 0;
      for (let image = 0; image < size; image++)
        for (let c = 0; c < channels; c++)
          for (let pixel = 0; pixel < pixels; pixel++)
            memory.floats[start + (image * pixels + pixel) * stride + c] = mask[next++];
    }
    this.#drawn = 0;
  }
}
