import { ModelError } from '@mnist-kit/core';
import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import type {
  ActivationName,
  BatchNorm,
  HeadActivation,
  PlaneShape,
  Producer,
  Stage,
  StageGraph,
  WeightRef,
} from './stage.js';

type Layer = layers.Layer;
type Config = Record<string, unknown>;
/** Makes the error that says why the layer at hand cannot be run. */
type Refuse = (why: string) => UnsupportedLayerError;

/** A layer that the plan cannot run; the message names it and says why. */
export class UnsupportedLayerError extends ModelError {}

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
    for (const layer of model.layers)
      for (const tensor of inputsOf(layer))
        this.#readers.set(tensor.id, (this.#readers.get(tensor.id) ?? 0) + 1);

    const input = this.#add('input', { kind: 'input' }, [], { height, width, channels });
    this.#stageOf.set(model.inputs[0].id, input);
    for (const layer of model.layers) if (layer.getClassName() !== 'InputLayer') this.#readLayer(layer);

    const last = this.#stageOf.get(model.outputs[0].id);
    if (!last || last !== this.#stages.at(-1) || last.shape.height * last.shape.width !== 1)
      throw new UnsupportedLayerError('The plan needs a model whose last layer gives one vector per image');
    if (last.producer.kind !== 'dense' || last.batchNorm || last.activation !== 'linear' || last.dropout)
      this.#outputCopy(last);
    return { stages: this.#stages, head: this.#head, weights: weightsOf(model) };
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
      activation: 'linear',
      shape: raw,
    };
    this.#stages.push(stage);
    return stage;
  }

  #readLayer(layer: Layer): void {
    const config = layer.getConfig() as Config;
    const inputs = inputsOf(layer);
    const refuse: Refuse = (why) =>
      new UnsupportedLayerError(`Layer "${layer.name}" (${layer.getClassName()}): ${why}`);
    if (this.#headDone) throw refuse('nothing may follow the softmax of the outputs');
    if (layer.inboundNodes.length !== 1)
      throw refuse('a layer that is applied more than once shares its weights');
    if (inputs.length !== 1) throw refuse('the plan does not know this way of joining branches');
    const source = this.#stageOf.get(inputs[0].id);
    if (!source) throw refuse('its input comes from outside the model');

    const shared = (this.#readers.get(inputs[0].id) ?? 0) > 1;
    let stage: Stage;
    switch (layer.getClassName()) {
      case 'Conv2D':
        stage = this.#conv(layer, config, source, refuse);
        break;
      case 'Dense':
        stage = this.#dense(layer, config, source, refuse);
        break;
      case 'BatchNormalization': {
        stage = this.#continue(layer, source, shared, (s) => afterProducer(s) && s.producer.kind !== 'input');
        stage.batchNorm = batchNormOf(layer, config, stage, refuse);
        break;
      }
      case 'Activation':
      case 'ReLU': {
        const name = layer.getClassName() === 'ReLU' ? 'relu' : String(config.activation);
        if (layer.getClassName() === 'ReLU' && config.maxValue !== undefined && config.maxValue !== null)
          throw refuse('a ReLU with a maximum');
        stage = this.#activation(layer, name, source, shared, refuse);
        break;
      }
      case 'Softmax':
        stage = this.#activation(layer, 'softmax', source, shared, refuse);
        break;
      case 'Dropout':
        stage = this.#dropout(layer, config, source, shared, refuse);
        break;
      case 'MaxPooling2D': {
        stage = this.#continue(layer, source, shared, (s) => !s.pool && s.producer.kind !== 'input');
        const { height, width, channels } = stage.raw;
        const isPlain = [config.poolSize, config.strides].every((size) => String(size) === '2,2');
        if (
          !isPlain ||
          height % 2 ||
          width % 2 ||
          String(config.dataFormat ?? 'channelsLast') !== 'channelsLast'
        )
          throw refuse('the plan knows 2 x 2 windows with stride 2 on planes of even size');
        stage.pool = 'max';
        stage.shape = { height: height / 2, width: width / 2, channels };
        break;
      }
      case 'GlobalAveragePooling2D': {
        stage = this.#continue(layer, source, shared, (s) => !s.pool && s.producer.kind !== 'input');
        stage.pool = 'globalAverage';
        stage.shape = { height: 1, width: 1, channels: stage.raw.channels };
        break;
      }
      case 'Flatten': {
        if (source.shape.height * source.shape.width !== 1)
          throw refuse('flattening a plane is not known to the plan');
        stage = source;
        break;
      }
      default:
        throw refuse('the plan does not know this layer');
    }
    this.#stageOf.set((layer.output as SymbolicTensor).id, stage);
  }

  /** `source` itself where the next step of its chain fits and nobody else reads it, else a copy of it. */
  #continue(layer: Layer, source: Stage, shared: boolean, fits: (stage: Stage) => boolean): Stage {
    if (!shared && fits(source)) return source;
    return this.#add(layer.name, { kind: 'identity' }, [source], source.shape);
  }

  #conv(layer: Layer, config: Config, source: Stage, refuse: Refuse): Stage {
    const kernelSize = config.kernelSize as [number, number];
    const strides = config.strides as [number, number];
    if (String(config.dilationRate ?? '1,1') !== '1,1')
      throw refuse('dilated kernels are not known to the plan');
    if ((config.dataFormat ?? 'channelsLast') !== 'channelsLast')
      throw refuse('the plan reads channels last');
    const { height, width } = source.shape;
    const same = config.padding === 'same';
    const out = (size: number, kernel: number, stride: number) =>
      same ? Math.ceil(size / stride) : Math.floor((size - kernel) / stride) + 1;
    const raw = {
      height: out(height, kernelSize[0], strides[0]),
      width: out(width, kernelSize[1], strides[1]),
      channels: config.filters as number,
    };
    // TensorFlow's "same": the odd row or column of padding goes below or to the right.
    const before = (size: number, outSize: number, kernel: number, stride: number) =>
      same ? Math.floor(Math.max(0, (outSize - 1) * stride + kernel - size) / 2) : 0;
    const producer = {
      kind: 'conv' as const,
      ...kernelAndBias(layer, config),
      kernelSize,
      strides,
      padding: [
        before(height, raw.height, kernelSize[0], strides[0]),
        before(width, raw.width, kernelSize[1], strides[1]),
      ] as const,
    };
    const stage = this.#add(layer.name, producer, [source], raw);
    this.#ownActivation(stage, config, refuse);
    return stage;
  }

  #dense(layer: Layer, config: Config, source: Stage, refuse: Refuse): Stage {
    if (source.shape.height * source.shape.width !== 1)
      throw refuse('a dense layer on planes; flatten them first');
    const stage = this.#add(layer.name, { kind: 'dense', ...kernelAndBias(layer, config) }, [source], {
      height: 1,
      width: 1,
      channels: config.units as number,
    });
    this.#ownActivation(stage, config, refuse);
    return stage;
  }

  /** The activation that a Conv2D or Dense carries itself. */
  #ownActivation(stage: Stage, config: Config, refuse: Refuse): void {
    const name = String(config.activation ?? 'linear');
    if (isHeadActivation(name)) this.#setHead(stage, name, refuse);
    else stage.activation = knownActivation(name, refuse);
  }

  #activation(layer: Layer, name: string, source: Stage, shared: boolean, refuse: Refuse): Stage {
    if (isHeadActivation(name)) {
      this.#setHead(source, name, refuse);
      return source;
    }
    const activation = knownActivation(name, refuse);
    const fits = (s: Stage) =>
      s.activation === 'linear' && !s.dropout && !s.pool && s.producer.kind !== 'input';
    const stage = this.#continue(layer, source, shared, fits);
    stage.activation = activation;
    return stage;
  }

  #dropout(layer: Layer, config: Config, source: Stage, shared: boolean, refuse: Refuse): Stage {
    const rate = config.rate as number;
    const { height, width } = source.shape;
    const noise = config.noiseShape as (number | null)[] | null | undefined;
    const perChannel =
      height * width === 1 || (noise?.length === 4 && noise[1] === 1 && noise[2] === 1 && noise[3] !== 1);
    if (!perChannel)
      throw refuse('the plan drops whole channels (noiseShape [null, 1, 1, null]) or features');
    const stage = this.#continue(
      layer,
      source,
      shared,
      (s) => !s.dropout && !s.pool && s.producer.kind !== 'input',
    );
    stage.dropout = { rate, kind: 'channel' };
    return stage;
  }

  #setHead(stage: Stage, name: HeadActivation, refuse: Refuse): void {
    if (stage.shape.height * stage.shape.width !== 1) throw refuse(`${name} over a plane`);
    this.#head = name;
    this.#headDone = true;
  }
}

/** Whether nothing has been done to the raw tensor yet. */
const afterProducer = (stage: Stage): boolean =>
  !stage.batchNorm && stage.activation === 'linear' && !stage.dropout && !stage.pool;

const isHeadActivation = (name: string): name is 'softmax' | 'logSoftmax' =>
  name === 'softmax' || name === 'logSoftmax';

function knownActivation(name: string, refuse: Refuse): ActivationName {
  if (name === 'linear' || name === 'relu') return name;
  throw refuse(`the plan does not know the activation "${name}"`);
}

function inputsOf(layer: Layer): SymbolicTensor[] {
  return layer.inboundNodes[0]?.inputTensors ?? [];
}

const trainableOf = (layer: Layer, name: string): boolean =>
  layer.trainableWeights.some((weight) => weight.originalName === name || weight.name === name);

/** The names of a layer's weights in its own order, e.g. `conv1/kernel`. */
function refsOf(layer: Layer): WeightRef[] {
  return layer.weights.map((weight) => ({
    name: weight.originalName,
    shape: weight.shape as number[],
    trainable: trainableOf(layer, weight.originalName),
  }));
}

function kernelAndBias(layer: Layer, config: Config): { kernel: WeightRef; bias?: WeightRef } {
  const [kernel, bias] = refsOf(layer);
  return { kernel, bias: config.useBias === false ? undefined : bias };
}

function batchNormOf(layer: Layer, config: Config, stage: Stage, refuse: Refuse): BatchNorm {
  const axis = config.axis as number;
  if (axis !== -1 && axis !== inputsOf(layer)[0].shape.length - 1)
    throw refuse('batch norm over another axis than the channels');
  if (stage.raw.channels <= 0) throw refuse('no channels');
  const refs = refsOf(layer);
  let next = 0;
  const gamma = config.scale === false ? undefined : refs[next++];
  const beta = config.center === false ? undefined : refs[next++];
  return {
    gamma,
    beta,
    movingMean: refs[next++],
    movingVariance: refs[next++],
    epsilon: config.epsilon as number,
    momentum: config.momentum as number,
  };
}

/** Every weight of the model, layer by layer in the order in which each layer made them. */
function weightsOf(model: LayersModel): WeightRef[] {
  return model.layers.flatMap(refsOf);
}
