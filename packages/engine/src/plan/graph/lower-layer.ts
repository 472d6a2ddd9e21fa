import {
  type ActivationOperation,
  type ConvOperation,
  type DepthwiseConvOperation,
  type DropoutOperation,
  type GlobalPoolOperation,
  type Operation,
  type PoolOperation,
  placesOf,
} from '@mnist-kit/layers';
import type { layers, SymbolicTensor } from '@tensorflow/tfjs-layers';
import { isMonotone } from '../kernels/activations.js';
import { batchNormOf, kernelAndBias, knownActivation, type Refuse, windowOf } from './layer-reader.js';
import { dropoutRate, type PlaneShape, type Stage } from './stage.js';
import type { Reader, StageBuilder } from './stage-builder.js';

/** The stage that the output of a layer with one input is: a new one, or its input's with one more step. */
export function lowerLayer(builder: StageBuilder, reader: Reader): Stage {
  const { described, rank, refuse } = reader;
  const { operation } = described;
  switch (operation.kind) {
    case 'conv':
      return conv(builder, reader, operation);
    case 'depthwiseConv':
      return depthwise(builder, reader, operation);
    case 'dense':
      return dense(builder, reader, operation);
    case 'batchNorm': {
      const stage = builder.continue(reader, (s) => afterProducer(s) && s.producer.kind !== 'input');
      stage.batchNorm = batchNormOf(described, operation, rank, refuse);
      return stage;
    }
    case 'activation':
      return activation(builder, reader, operation);
    case 'dropout':
      return dropout(builder, reader, operation);
    case 'pool':
      return pool(builder, reader, operation);
    case 'globalPool':
      return globalPool(builder, reader, operation);
    case 'flatten':
      return flatten(builder, reader, operation);
    default:
      throw refuse('the plan does not know this layer');
  }
}

/** Whether nothing has been done to the raw tensor yet. */
const afterProducer = (stage: Stage): boolean =>
  !stage.batchNorm && stage.activation.name === 'linear' && !stage.dropout && !stage.pool;

/** The stage that joins branches. */
export function lowerMerge(
  builder: StageBuilder,
  layer: layers.Layer,
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
    return builder.add(layer.name, { kind: 'add' }, sources, shape);
  }
  const rank = (layer.output as SymbolicTensor).shape.length;
  if (operation.axis !== rank - 1)
    throw refuse(`\`axis\`: the plan joins channels, the last axis. Received: axis=${operation.axis}`);
  const channels = sources.reduce((sum, one) => sum + one.shape.channels, 0);
  return builder.add(layer.name, { kind: 'concatenate' }, sources, { ...shape, channels });
}

function conv(builder: StageBuilder, reader: Reader, operation: ConvOperation): Stage {
  const { layer, described, source, refuse } = reader;
  const { kernelSize, dilation, filters, activation } = operation;
  if (dilation[0] !== 1 || dilation[1] !== 1)
    throw refuse('`dilationRate`: dilated kernels are not known to the plan');
  const { output, ...window } = windowOf(operation, kernelSize, source.shape, refuse);
  const producer = { kind: 'conv' as const, ...kernelAndBias(described), kernelSize, ...window };
  const stage = builder.add(layer.name, producer, [source], { ...output, channels: filters });
  return ownActivation(builder, stage, reader, activation);
}

function depthwise(builder: StageBuilder, reader: Reader, operation: DepthwiseConvOperation): Stage {
  const { layer, described, source, refuse } = reader;
  const { kernelSize, multiplier, activation } = operation;
  const { output, ...window } = windowOf(operation, kernelSize, source.shape, refuse);
  const weights = kernelAndBias(described);
  const producer = { kind: 'depthwise' as const, ...weights, kernelSize, ...window, multiplier };
  const raw = { ...output, channels: source.shape.channels * multiplier };
  return ownActivation(builder, builder.add(layer.name, producer, [source], raw), reader, activation);
}

function dense(
  builder: StageBuilder,
  reader: Reader,
  operation: { units: number; activation: ActivationOperation },
): Stage {
  const { layer, described, source, refuse } = reader;
  if (source.shape.height * source.shape.width !== 1)
    throw refuse('a dense layer on planes; flatten them first');
  const stage = builder.add(layer.name, { kind: 'dense', ...kernelAndBias(described) }, [source], {
    height: 1,
    width: 1,
    channels: operation.units,
  });
  return ownActivation(builder, stage, reader, operation.activation);
}

/** The activation that a convolution or dense layer carries itself. */
function ownActivation(
  builder: StageBuilder,
  stage: Stage,
  { refuse }: Reader,
  operation: ActivationOperation,
): Stage {
  const activation = knownActivation(operation, refuse);
  if (typeof activation === 'string') builder.setHead(stage, activation, refuse);
  else stage.activation = activation;
  return stage;
}

function activation(builder: StageBuilder, reader: Reader, operation: ActivationOperation): Stage {
  const activation = knownActivation(operation, reader.refuse);
  if (typeof activation === 'string') {
    builder.setHead(reader.source, activation, reader.refuse);
    return reader.source;
  }
  const fits = (s: Stage) =>
    s.activation.name === 'linear' && !s.dropout && !s.pool && s.producer.kind !== 'input';
  const stage = builder.continue(reader, fits);
  stage.activation = activation;
  return stage;
}

function dropout(builder: StageBuilder, reader: Reader, { rate, noiseShape = [] }: DropoutOperation): Stage {
  const { layer, source, refuse } = reader;
  // As in PyTorch, a rate of zero decides nothing and draws nothing.
  if (rate === 0) return builder.continue(reader, () => true);
  const { height, width } = source.shape;
  if (height * width > 1 && noiseShape.length === 0)
    return builder.add(layer.name, { kind: 'elementDropout', rate }, [source], source.shape);
  const [batch, ...sides] = noiseShape;
  // One decision per image and channel: planes are dropped whole, and features one by one.
  const perChannel = batch !== 1 && sides.slice(0, -1).every((side) => side === 1) && sides.at(-1) !== 1;
  if (!perChannel)
    throw refuse('`noiseShape`: the plan drops values, or channels (noiseShape [null, 1, 1, null])');
  const stage = builder.continue(
    reader,
    (s) => dropoutRate(s) === undefined && !s.pool && s.producer.kind !== 'input',
  );
  stage.dropout = { rate, places: placesOf(builder.orders.get(layer)) };
  return stage;
}

function pool(builder: StageBuilder, reader: Reader, operation: PoolOperation): Stage {
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
  if (!fused) return poolStage(builder, reader, operation);
  source.pool = 'max';
  source.shape = { height: height / 2, width: width / 2, channels };
  return source;
}

function globalPool(builder: StageBuilder, reader: Reader, { of, dataFormat }: GlobalPoolOperation): Stage {
  const { height, width, channels } = reader.source.shape;
  if (dataFormat !== 'channelsLast') throw reader.refuse('`dataFormat`: the plan reads channels last');
  if (of === 'max') {
    const whole = { size: [height, width] as const, strides: [1, 1] as const };
    return poolStage(builder, reader, { kind: 'pool', of, ...whole, padding: 'valid', dataFormat });
  }
  const stage = builder.continue(reader, (s) => !s.pool && s.producer.kind !== 'input');
  stage.pool = 'globalAverage';
  stage.shape = { height: 1, width: 1, channels };
  return stage;
}

function poolStage(
  builder: StageBuilder,
  { layer, source, refuse }: Reader,
  operation: PoolOperation,
): Stage {
  const { of, size } = operation;
  const { output, ...window } = windowOf(operation, size, source.shape, refuse);
  const raw = { ...output, channels: source.shape.channels };
  return builder.add(layer.name, { kind: 'pool', of, size, ...window }, [source], raw);
}

function flatten(
  builder: StageBuilder,
  reader: Reader,
  { dataFormat }: Extract<Operation, { kind: 'flatten' }>,
): Stage {
  const { layer, source, refuse } = reader;
  if (dataFormat !== 'channelsLast') throw refuse('`dataFormat`: the plan reads channels last');
  const { height, width, channels } = source.shape;
  if (height * width === 1) return builder.continue(reader, () => true);
  const raw = { height: 1, width: 1, channels: height * width * channels };
  return builder.add(layer.name, { kind: 'flatten' }, [source], raw);
}
