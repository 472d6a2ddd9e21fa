import { type DescribedLayer, layerWeights } from '@mnist-kit/layers';
import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { drawOrders } from '../../draw-orders.js';
import { describe, type Refuse, refuseLayer, weightRef } from './layer-reader.js';
import { lowerLayer, lowerMerge } from './lower-layer.js';
import type { Stage, StageGraph, WeightPenalty } from './stage.js';
import { StageBuilder } from './stage-builder.js';
import { UnsupportedLayerError } from './unsupported-layer-error.js';
import { inOrder, inputsOf } from './walk.js';

/**
 * Groups a model's layers into stages.
 *
 * @throws UnsupportedLayerError for the first layer that the plan does not know.
 */
export function readModel(model: LayersModel): StageGraph {
  return new ModelReader(model).read();
}

class ModelReader {
  readonly #builder: StageBuilder;
  /** The stage whose output a symbolic tensor is. */
  readonly #stageOf = new Map<number, Stage>();
  readonly #readers = new Map<number, number>();
  readonly #penalties: WeightPenalty[] = [];

  constructor(readonly model: LayersModel) {
    this.#builder = new StageBuilder(drawOrders(model));
  }

  read(): StageGraph {
    const { model } = this;
    if (model.inputs.length !== 1 || model.outputs.length !== 1)
      throw new UnsupportedLayerError(
        `The plan runs models with one input and one output. Received: ${model.inputs.length} inputs and ${model.outputs.length} outputs`,
      );
    const [, height, width, channels] = model.inputs[0].shape;
    if (model.inputs[0].shape.length !== 4 || !height || !width || !channels)
      throw new UnsupportedLayerError(
        `The plan needs images of a fixed size, [null, height, width, channels]. Received: [${model.inputs[0].shape}]`,
      );
    const { stages } = this.#builder;
    const all = inOrder(model);
    for (const layer of all)
      for (const tensor of inputsOf(layer))
        this.#readers.set(tensor.id, (this.#readers.get(tensor.id) ?? 0) + 1);

    const input = this.#builder.add('input', { kind: 'input' }, [], { height, width, channels });
    this.#stageOf.set(model.inputs[0].id, input);
    for (const layer of all) this.#readLayer(layer);

    const last = this.#stageOf.get(model.outputs[0].id);
    const isVector = model.outputs[0].shape.length === 2;
    if (!last || last !== stages.at(-1) || !isVector || last.shape.height * last.shape.width !== 1)
      throw new UnsupportedLayerError('The plan needs a model whose last layer gives one vector per image');
    if (last.producer.kind !== 'dense' || last.batchNorm || last.activation.name !== 'linear' || last.dropout)
      this.#outputCopy(last);
    const weights = model.layers.flatMap((layer) => layerWeights(layer).map(weightRef));
    return { stages, head: this.#builder.head ?? 'linear', weights, penalties: this.#penalties };
  }

  /** The outputs are read and their gradients written as they are stored, so nothing may follow the producer. */
  #outputCopy(last: Stage): void {
    this.#builder.add(`${last.name}/outputs`, { kind: 'identity' }, [last], last.shape);
  }

  #readLayer(layer: layers.Layer): void {
    const refuse = refuseLayer(layer);
    const described = describe(layer, refuse);
    if (described.operation.kind === 'input') return;
    const inputs = inputsOf(layer);
    if (this.#builder.head)
      throw refuse(
        'the plan knows softmax and logSoftmax as the `activation` of the outputs only, and this layer follows one',
      );
    if (layer.inboundNodes.length !== 1)
      throw refuse('a layer that is applied more than once shares its weights');
    const sources = inputs.map((input) => this.#stageOf.get(input.id));
    if (sources.includes(undefined)) throw refuse('its input comes from outside the model');
    const stage = this.#stageFor(described, sources as Stage[], refuse);
    this.#stageOf.set((layer.output as SymbolicTensor).id, stage);
    for (const weight of described.weights)
      if (weight.penalty?.kind === 'l1l2') {
        const { l1, l2 } = weight.penalty;
        this.#penalties.push({ weight: weightRef(weight), l1, l2 });
      }
  }

  #stageFor(described: DescribedLayer, sources: readonly Stage[], refuse: Refuse): Stage {
    const { layer, operation } = described;
    if (operation.kind === 'add' || operation.kind === 'concatenate')
      return lowerMerge(this.#builder, layer, operation, sources, refuse);
    if (sources.length !== 1) throw refuse('the plan does not know this way of joining branches');
    const [source] = sources;
    const [tensor] = inputsOf(layer);
    const shared = (this.#readers.get(tensor.id) ?? 0) > 1;
    return lowerLayer(this.#builder, { layer, described, source, shared, rank: tensor.shape.length, refuse });
  }
}
