import type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { isMonotone } from '../kernels/activations.js';
import {
  activationOf,
  batchNormOf,
  type Config,
  inOrder,
  inputsOf,
  isHeadActivation,
  kernelAndBias,
  knownActivation,
  type Layer,
  LINEAR,
  type Reader,
  type Refuse,
  UnsupportedLayerError,
  weightsOf,
  windowOf,
} from './layer-config.js';
import type { Activation, HeadActivation, PlaneShape, Producer, Stage, StageGraph } from './stage.js';
import { dropoutRate } from './stage.js';

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
    const layers = inOrder(model);
    for (const layer of layers)
      for (const tensor of inputsOf(layer))
        this.#readers.set(tensor.id, (this.#readers.get(tensor.id) ?? 0) + 1);

    const input = this.#add('input', { kind: 'input' }, [], { height, width, channels });
    this.#stageOf.set(model.inputs[0].id, input);
    for (const layer of layers) if (layer.getClassName() !== 'InputLayer') this.#readLayer(layer);

    const last = this.#stageOf.get(model.outputs[0].id);
    if (!last || last !== this.#stages.at(-1) || last.shape.height * last.shape.width !== 1)
      throw new UnsupportedLayerError('The plan needs a model whose last layer gives one vector per image');
    if (last.producer.kind !== 'dense' || last.batchNorm || last.activation.name !== 'linear' || last.dropout)
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
      activation: LINEAR,
      shape: raw,
    };
    this.#stages.push(stage);
    return stage;
  }

  #readLayer(layer: Layer): void {
    const inputs = inputsOf(layer);
    const refuse: Refuse = (why) =>
      new UnsupportedLayerError(`Layer "${layer.name}" (${layer.getClassName()}): ${why}`);
    if (this.#headDone) throw refuse('nothing may follow the softmax of the outputs');
    if (layer.inboundNodes.length !== 1)
      throw refuse('a layer that is applied more than once shares its weights');
    const sources = inputs.map((input) => this.#stageOf.get(input.id));
    if (sources.includes(undefined)) throw refuse('its input comes from outside the model');
    const stage = this.#stageFor(layer, sources as Stage[], refuse);
    this.#stageOf.set((layer.output as SymbolicTensor).id, stage);
  }

  /** The stage that a layer's output is: a new one, or its input's with one more step. */
  #stageFor(layer: Layer, sources: readonly Stage[], refuse: Refuse): Stage {
    const config = layer.getConfig() as Config;
    const [source] = sources;
    const name = layer.getClassName();
    if (name === 'Add' || name === 'Concatenate') return this.#merge(layer, config, sources, refuse);
    if (sources.length !== 1) throw refuse('the plan does not know this way of joining branches');
    const tensor = inputsOf(layer)[0];
    const reader: Reader = { layer, config, source, shared: (this.#readers.get(tensor.id) ?? 0) > 1, refuse };
    switch (name) {
      case 'Conv2D':
        return this.#conv(reader);
      case 'DepthwiseConv2D':
        return this.#depthwise(reader);
      case 'Dense':
        return this.#dense(reader);
      case 'BatchNormalization': {
        const stage = this.#continue(reader, (s) => afterProducer(s) && s.producer.kind !== 'input');
        stage.batchNorm = batchNormOf(layer, config, refuse);
        return stage;
      }
      case 'Activation':
      case 'ReLU':
      case 'LeakyReLU':
      case 'ELU':
      case 'Softmax':
        return this.#activation(reader, activationOf(layer, config, refuse));
      case 'Dropout':
        return this.#dropout(reader);
      case 'MaxPooling2D':
      case 'AveragePooling2D':
        return this.#pool(reader, name === 'MaxPooling2D' ? 'max' : 'average');
      case 'GlobalAveragePooling2D': {
        const stage = this.#continue(reader, (s) => !s.pool && s.producer.kind !== 'input');
        stage.pool = 'globalAverage';
        stage.shape = { height: 1, width: 1, channels: stage.raw.channels };
        return stage;
      }
      case 'GlobalMaxPooling2D': {
        const { height, width } = source.shape;
        return this.#poolStage(reader, 'max', [height, width], [1, 1], false);
      }
      case 'Flatten':
        return this.#flatten(reader);
      default:
        throw refuse('the plan does not know this layer');
    }
  }

  #merge(layer: Layer, config: Config, sources: readonly Stage[], refuse: Refuse): Stage {
    const [{ shape }] = sources;
    const plane = (one: PlaneShape) => `${one.height} x ${one.width}`;
    if (sources.some((one) => plane(one.shape) !== plane(shape)))
      throw refuse('its inputs have different sizes');
    if (layer.getClassName() === 'Add') {
      if (sources.some((one) => one.shape.channels !== shape.channels))
        throw refuse('its inputs have different numbers of channels');
      return this.#add(layer.name, { kind: 'add' }, sources, shape);
    }
    const rank = (layer.output as SymbolicTensor).shape.length;
    if (config.axis !== undefined && config.axis !== -1 && config.axis !== rank - 1)
      throw refuse('the plan joins channels, the last axis');
    const channels = sources.reduce((sum, one) => sum + one.shape.channels, 0);
    return this.#add(layer.name, { kind: 'concatenate' }, sources, { ...shape, channels });
  }

  /** `source` itself where the next step of its chain fits and nobody else reads it, else a copy of it. */
  #continue({ layer, source, shared }: Reader, fits: (stage: Stage) => boolean): Stage {
    if (!shared && fits(source)) return source;
    return this.#add(layer.name, { kind: 'identity' }, [source], source.shape);
  }

  #conv(reader: Reader): Stage {
    const { layer, config, source } = reader;
    const window = windowOf(reader, config.kernelSize as [number, number]);
    const producer = { kind: 'conv' as const, ...kernelAndBias(layer, config), ...window };
    const raw = { ...window.output, channels: config.filters as number };
    const stage = this.#add(layer.name, producer, [source], raw);
    return this.#ownActivation(stage, reader);
  }

  #depthwise(reader: Reader): Stage {
    const { layer, config, source } = reader;
    const window = windowOf(reader, config.kernelSize as [number, number]);
    const multiplier = (config.depthMultiplier as number | undefined) ?? 1;
    const producer = { kind: 'depthwise' as const, ...kernelAndBias(layer, config), ...window, multiplier };
    const raw = { ...window.output, channels: source.shape.channels * multiplier };
    const stage = this.#add(layer.name, producer, [source], raw);
    return this.#ownActivation(stage, reader);
  }

  #dense(reader: Reader): Stage {
    const { layer, config, source, refuse } = reader;
    if (source.shape.height * source.shape.width !== 1)
      throw refuse('a dense layer on planes; flatten them first');
    const stage = this.#add(layer.name, { kind: 'dense', ...kernelAndBias(layer, config) }, [source], {
      height: 1,
      width: 1,
      channels: config.units as number,
    });
    return this.#ownActivation(stage, reader);
  }

  /** The activation that a convolution or dense layer carries itself. */
  #ownActivation(stage: Stage, { config, refuse }: Reader): Stage {
    const name = String(config.activation ?? 'linear');
    if (isHeadActivation(name)) this.#setHead(stage, name, refuse);
    else stage.activation = knownActivation(name, refuse);
    return stage;
  }

  #activation(reader: Reader, activation: Activation | HeadActivation): Stage {
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

  #dropout(reader: Reader): Stage {
    const { layer, config, source, refuse } = reader;
    const rate = config.rate as number;
    // As in PyTorch, a rate of zero decides nothing and draws nothing.
    if (rate === 0) return source;
    const { height, width } = source.shape;
    const noise = (config.noiseShape ?? []) as (number | null)[];
    if (height * width > 1 && noise.length === 0)
      return this.#add(layer.name, { kind: 'elementDropout', rate }, [source], source.shape);
    const [batch, ...sides] = noise;
    // One decision per image and channel: planes are dropped whole, and features one by one.
    const perChannel = batch !== 1 && sides.slice(0, -1).every((side) => side === 1) && sides.at(-1) !== 1;
    if (!perChannel) throw refuse('the plan drops values, or channels (noiseShape [null, 1, 1, null])');
    const stage = this.#continue(
      reader,
      (s) => dropoutRate(s) === undefined && !s.pool && s.producer.kind !== 'input',
    );
    stage.dropout = { rate };
    return stage;
  }

  #pool(reader: Reader, of: 'max' | 'average'): Stage {
    const { config, source, shared } = reader;
    const size = config.poolSize as [number, number];
    const strides = config.strides as [number, number];
    const { height, width, channels } = source.shape;
    const fused =
      of === 'max' &&
      [size, strides].every((sides) => String(sides) === '2,2') &&
      height % 2 === 0 &&
      width % 2 === 0 &&
      !shared &&
      !source.pool &&
      source.producer.kind !== 'input' &&
      isMonotone(source.activation);
    if (!fused) return this.#poolStage(reader, of, size, strides, config.padding === 'same');
    source.pool = 'max';
    source.shape = { height: height / 2, width: width / 2, channels };
    return source;
  }

  #poolStage(
    reader: Reader,
    of: 'max' | 'average',
    size: readonly [number, number],
    strides: readonly [number, number],
    same: boolean,
  ): Stage {
    const { layer, source } = reader;
    const { output, padding } = windowOf(
      { ...reader, config: { ...reader.config, strides, padding: same ? 'same' : 'valid' } },
      size,
    );
    const raw = { ...output, channels: source.shape.channels };
    return this.#add(layer.name, { kind: 'pool', of, size, strides, padding }, [source], raw);
  }

  #flatten({ layer, source }: Reader): Stage {
    const { height, width, channels } = source.shape;
    if (height * width === 1) return source;
    const raw = { height: 1, width: 1, channels: height * width * channels };
    return this.#add(layer.name, { kind: 'flatten' }, [source], raw);
  }

  #setHead(stage: Stage, name: HeadActivation, refuse: Refuse): void {
    if (stage.shape.height * stage.shape.width !== 1) throw refuse(`${name} over a plane`);
    this.#head = name;
    this.#headDone = true;
  }
}

/** Whether nothing has been done to the raw tensor yet. */
const afterProducer = (stage: Stage): boolean =>
  !stage.batchNorm && stage.activation.name === 'linear' && !stage.dropout && !stage.pool;
