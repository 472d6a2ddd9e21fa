import {
  type ActivationOperation,
  type ConvOperation,
  type DepthwiseConvOperation,
  type DescribedLayer,
  type DropoutOperation,
  type GlobalPoolOperation,
  layerWeights,
  type Operation,
  type PoolOperation,
} from '@mnist-kit/layers';
import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { isMonotone } from '../kernels/activations.js';
import {
  batchNormOf,
  describe,
  kernelAndBias,
  knownActivation,
  LINEAR,
  type Refuse,
  refuseLayer,
  weightRef,
  windowOf,
} from './layer-reader.js';
import type { HeadActivation, PlaneShape, Producer, Stage, StageGraph, WeightPenalty } from './stage.js';
import { dropoutRate } from './stage.js';
import { UnsupportedLayerError } from './unsupported-layer-error.js';
import { inOrder, inputsOf } from './walk.js';

type Layer = layers.Layer;

/** What reading one layer needs. */
interface Reader {
  readonly layer: Layer;
  readonly described: DescribedLayer;
  readonly source: Stage;
  /** Whether other layers read the source as well. */
  readonly shared: boolean;
  /** Of the layer's input, the batch included. */
  readonly rank: number;
  readonly refuse: Refuse;
}

/**
 * Groups a model's layers into stages.
 *
 * @throws UnsupportedLayerError for the first layer that the plan does not know.
 */
export function readModel(model: LayersModel): StageGraph {
  return new ModelReader(model).read();
}

class ModelReader {
  readonly #stages: Stage[] = [];
  /** The stage whose output a symbolic tensor is. */
  readonly #stageOf = new Map<number, Stage>();
  readonly #readers = new Map<number, number>();
  readonly #penalties: WeightPenalty[] = [];
  #head: HeadActivation = 'linear';
  #headDone = false;

  constructor(readonly model: LayersModel) {}

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
    const layers = inOrder(model);
    for (const layer of layers)
      for (const tensor of inputsOf(layer))
        this.#readers.set(tensor.id, (this.#readers.get(tensor.id) ?? 0) + 1);

    const input = this.#add('input', { kind: 'input' }, [], { height, width, channels });
    this.#stageOf.set(model.inputs[0].id, input);
    for (const layer of layers) this.#readLayer(layer);

    const last = this.#stageOf.get(model.outputs[0].id);
    const isVector = model.outputs[0].shape.length === 2;
    if (!last || last !== this.#stages.at(-1) || !isVector || last.shape.height * last.shape.width !== 1)
      throw new UnsupportedLayerError('The plan needs a model whose last layer gives one vector per image');
    if (last.producer.kind !== 'dense' || last.batchNorm || last.activation.name !== 'linear' || last.dropout)
      this.#outputCopy(last);
    const weights = model.layers.flatMap((layer) => layerWeights(layer).map(weightRef));
    return { stages: this.#stages, head: this.#head, weights, penalties: this.#penalties };
  }

  /** The outputs are read and their gradients written as they are stored, so nothing may follow the producer. */
  #outputCopy(last: Stage): void {
    this.#add(`${last.name}/outputs`, { kind: 'identity' }, [last], last.shape);
  }

  #add(name: string, producer: Producer, inputs: readonly Stage[], raw: PlaneShape): Stage {
    const stage: Stage = {
      index: this.#stages.length,
      name,
      producer,
      inputs,
      raw,
      activation: LINEAR,
      shape: raw,
    };
    this.#stages.push(stage);
    return stage;
  }

  #readLayer(layer: Layer): void {
    const refuse = refuseLayer(layer);
    const described = describe(layer, refuse);
    if (described.operation.kind === 'input') return;
    const inputs = inputsOf(layer);
    if (this.#headDone)
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

  /** The stage that a layer's output is: a new one, or its input's with one more step. */
  #stageFor(described: DescribedLayer, sources: readonly Stage[], refuse: Refuse): Stage {
    const { layer, operation } = described;
    const [source] = sources;
    if (operation.kind === 'add' || operation.kind === 'concatenate')
      return this.#merge(layer, operation, sources, refuse);
    if (sources.length !== 1) throw refuse('the plan does not know this way of joining branches');
    const [tensor] = inputsOf(layer);
    const shared = (this.#readers.get(tensor.id) ?? 0) > 1;
    const reader: Reader = { layer, described, source, shared, rank: tensor.shape.length, refuse };
    switch (operation.kind) {
      case 'conv':
        return this.#conv(reader, operation);
      case 'depthwiseConv':
        return this.#depthwise(reader, operation);
      case 'dense':
        return this.#dense(reader, operation);
      case 'batchNorm': {
        const stage = this.#continue(reader, (s) => afterProducer(s) && s.producer.kind !== 'input');
        stage.batchNorm = batchNormOf(described, operation, reader.rank, refuse);
        return stage;
      }
      case 'activation':
        return this.#activation(reader, operation);
      case 'dropout':
        return this.#dropout(reader, operation);
      case 'pool':
        return this.#pool(reader, operation);
      case 'globalPool':
        return this.#globalPool(reader, operation);
      case 'flatten':
        return this.#flatten(reader, operation);
      default:
        throw refuse('the plan does not know this layer');
    }
  }

  #merge(
    layer: Layer,
    operation: Extract<Operation, { kind: 'add' | 'concatenate' }>,
    sources: readonly Stage[],
    refuse: Refuse,
  ): Stage {
    const [{ shape }] = sources;
    const plane = (one: PlaneShape) => `${one.height} x ${one.width}`;
    if (sources.some((one) => plane(one.shape) !== plane(shape)))
      throw refuse('its inputs have different sizes');
    if (operation.kind === 'add') {
      if (sources.some((one) => one.shape.channels !== shape.channels))
        throw refuse('its inputs have different numbers of channels');
      return this.#add(layer.name, { kind: 'add' }, sources, shape);
    }
    const rank = (layer.output as SymbolicTensor).shape.length;
    if (operation.axis !== rank - 1)
      throw refuse(`\`axis\`: the plan joins channels, the last axis. Received: axis=${operation.axis}`);
    const channels = sources.reduce((sum, one) => sum + one.shape.channels, 0);
    return this.#add(layer.name, { kind: 'concatenate' }, sources, { ...shape, channels });
  }

  /** `source` itself where the next step of its chain fits and nobody else reads it, else a copy of it. */
  #continue({ layer, source, shared }: Reader, fits: (stage: Stage) => boolean): Stage {
    if (!shared && fits(source)) return source;
    return this.#add(layer.name, { kind: 'identity' }, [source], source.shape);
  }

  #conv(reader: Reader, operation: ConvOperation): Stage {
    const { layer, described, source, refuse } = reader;
    const { kernelSize, dilation, filters, activation } = operation;
    if (dilation[0] !== 1 || dilation[1] !== 1)
      throw refuse('`dilationRate`: dilated kernels are not known to the plan');
    const { output, ...window } = windowOf(operation, kernelSize, source.shape, refuse);
    const producer = { kind: 'conv' as const, ...kernelAndBias(described), kernelSize, ...window };
    const stage = this.#add(layer.name, producer, [source], { ...output, channels: filters });
    return this.#ownActivation(stage, reader, activation);
  }

  #depthwise(reader: Reader, operation: DepthwiseConvOperation): Stage {
    const { layer, described, source, refuse } = reader;
    const { kernelSize, multiplier, activation } = operation;
    const { output, ...window } = windowOf(operation, kernelSize, source.shape, refuse);
    const weights = kernelAndBias(described);
    const producer = { kind: 'depthwise' as const, ...weights, kernelSize, ...window, multiplier };
    const raw = { ...output, channels: source.shape.channels * multiplier };
    return this.#ownActivation(this.#add(layer.name, producer, [source], raw), reader, activation);
  }

  #dense(reader: Reader, operation: { units: number; activation: ActivationOperation }): Stage {
    const { layer, described, source, refuse } = reader;
    if (source.shape.height * source.shape.width !== 1)
      throw refuse('a dense layer on planes; flatten them first');
    const stage = this.#add(layer.name, { kind: 'dense', ...kernelAndBias(described) }, [source], {
      height: 1,
      width: 1,
      channels: operation.units,
    });
    return this.#ownActivation(stage, reader, operation.activation);
  }

  /** The activation that a convolution or dense layer carries itself. */
  #ownActivation(stage: Stage, { refuse }: Reader, operation: ActivationOperation): Stage {
    const activation = knownActivation(operation, refuse);
    if (typeof activation === 'string') this.#setHead(stage, activation, refuse);
    else stage.activation = activation;
    return stage;
  }

  #activation(reader: Reader, operation: ActivationOperation): Stage {
    const activation = knownActivation(operation, reader.refuse);
    if (typeof activation === 'string') {
      this.#setHead(reader.source, activation, reader.refuse);
      return reader.source;
    }
    const fits = (s: Stage) =>
      s.activation.name === 'linear' && !s.dropout && !s.pool && s.producer.kind !== 'input';
    const stage = this.#continue(reader, fits);
    stage.activation = activation;
    return stage;
  }

  #dropout(reader: Reader, { rate, noiseShape = [] }: DropoutOperation): Stage {
    const { layer, source, refuse } = reader;
    // As in PyTorch, a rate of zero decides nothing and draws nothing.
    if (rate === 0) return source;
    const { height, width } = source.shape;
    if (height * width > 1 && noiseShape.length === 0)
      return this.#add(layer.name, { kind: 'elementDropout', rate }, [source], source.shape);
    const [batch, ...sides] = noiseShape;
    // One decision per image and channel: planes are dropped whole, and features one by one.
    const perChannel = batch !== 1 && sides.slice(0, -1).every((side) => side === 1) && sides.at(-1) !== 1;
    if (!perChannel)
      throw refuse('`noiseShape`: the plan drops values, or channels (noiseShape [null, 1, 1, null])');
    const stage = this.#continue(
      reader,
      (s) => dropoutRate(s) === undefined && !s.pool && s.producer.kind !== 'input',
    );
    stage.dropout = { rate };
    return stage;
  }

  #pool(reader: Reader, operation: PoolOperation): Stage {
    const { source, shared } = reader;
    const { of, size, strides, dataFormat } = operation;
    const { height, width, channels } = source.shape;
    const fused =
      of === 'max' &&
      dataFormat === 'channelsLast' &&
      [...size, ...strides].every((side) => side === 2) &&
      height % 2 === 0 &&
      width % 2 === 0 &&
      !shared &&
      !source.pool &&
      source.producer.kind !== 'input' &&
      isMonotone(source.activation);
    if (!fused) return this.#poolStage(reader, operation);
    source.pool = 'max';
    source.shape = { height: height / 2, width: width / 2, channels };
    return source;
  }

  #globalPool(reader: Reader, { of, dataFormat }: GlobalPoolOperation): Stage {
    const { height, width, channels } = reader.source.shape;
    if (dataFormat !== 'channelsLast') throw reader.refuse('`dataFormat`: the plan reads channels last');
    if (of === 'max') {
      const whole = { size: [height, width] as const, strides: [1, 1] as const };
      return this.#poolStage(reader, { kind: 'pool', of, ...whole, padding: 'valid', dataFormat });
    }
    const stage = this.#continue(reader, (s) => !s.pool && s.producer.kind !== 'input');
    stage.pool = 'globalAverage';
    stage.shape = { height: 1, width: 1, channels };
    return stage;
  }

  #poolStage({ layer, source, refuse }: Reader, operation: PoolOperation): Stage {
    const { of, size } = operation;
    const { output, ...window } = windowOf(operation, size, source.shape, refuse);
    const raw = { ...output, channels: source.shape.channels };
    return this.#add(layer.name, { kind: 'pool', of, size, ...window }, [source], raw);
  }

  #flatten(
    { layer, source, refuse }: Reader,
    { dataFormat }: Extract<Operation, { kind: 'flatten' }>,
  ): Stage {
    if (dataFormat !== 'channelsLast') throw refuse('`dataFormat`: the plan reads channels last');
    const { height, width, channels } = source.shape;
    if (height * width === 1) return source;
    const raw = { height: 1, width: 1, channels: height * width * channels };
    return this.#add(layer.name, { kind: 'flatten' }, [source], raw);
  }

  #setHead(stage: Stage, name: HeadActivation, refuse: Refuse): void {
    if (stage.shape.height * stage.shape.width !== 1)
      throw refuse(`the \`activation\` ${name} of a plane is not known to the plan`);
    this.#head = name;
    this.#headDone = true;
  }
}

/** Whether nothing has been done to the raw tensor yet. */
const afterProducer = (stage: Stage): boolean =>
  !stage.batchNorm && stage.activation.name === 'linear' && !stage.dropout && !stage.pool;
