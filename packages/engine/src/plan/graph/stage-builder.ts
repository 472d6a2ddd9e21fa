import type { DescribedLayer, FeatureOrder } from '@mnist-kit/layers';
import type { layers } from '@tensorflow/tfjs-layers';
import { LINEAR, type Refuse } from './layer-reader.js';
import type { HeadActivation, PlaneShape, Producer, Stage } from './stage.js';

/** What reading one layer needs. */
export interface Reader {
  readonly layer: layers.Layer;
  readonly described: DescribedLayer;
  readonly source: Stage;
  /** Whether other layers read the source as well. */
  readonly shared: boolean;
  /** Of the layer's input, the batch included. */
  readonly rank: number;
  readonly refuse: Refuse;
}

/** The stages of a model while they are being made. */
export class StageBuilder {
  readonly stages: Stage[] = [];
  #head: HeadActivation | undefined;

  /** @param orders How PyTorch orders what each layer reads. */
  constructor(readonly orders: ReadonlyMap<layers.Layer, FeatureOrder>) {}

  /** What the outputs go through at the end; absent while nothing says so. */
  get head(): HeadActivation | undefined {
    return this.#head;
  }

  add(name: string, producer: Producer, inputs: readonly Stage[], raw: PlaneShape): Stage {
    const stage: Stage = {
      index: this.stages.length,
      name,
      producer,
      inputs,
      raw,
      activation: LINEAR,
      shape: raw,
    };
    this.stages.push(stage);
    return stage;
  }

  /** `source` itself where the next step of its chain fits and nobody else reads it, else a copy of it. */
  continue({ layer, source, shared }: Reader, fits: (stage: Stage) => boolean): Stage {
    if (!shared && fits(source)) return source;
    return this.add(layer.name, { kind: 'identity' }, [source], source.shape);
  }

  setHead(stage: Stage, name: HeadActivation, refuse: Refuse): void {
    if (stage.shape.height * stage.shape.width !== 1)
      throw refuse(`the \`activation\` ${name} of a plane is not known to the plan`);
    this.#head = name;
  }
}
