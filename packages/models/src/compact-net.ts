import { checkOptionNames, Generator, InvalidArgumentError, type OptionNames } from '@mnist-kit/core';
import * as tfl from '@tensorflow/tfjs-layers';
import { skipGreeting } from './backend.js';
import { initialize } from './initialize.js';
import { checkEnds, isSize, logSoftmax, normSettings, zeros } from './net-parts.js';

/** What a convolution of a {@link compactNet} can be told besides its channels. */
interface ConvOptions {
  /** Side of the window; default 3. */
  kernelSize?: number;
  /** `same` (default) keeps height and width, `valid` takes no pixels from outside. */
  padding?: 'same' | 'valid';
  /** Whether the block's input is added before the activation; needs as many channels in as out. Default false. */
  residual?: boolean;
}

/**
 * A convolution over all channels, batch norm and ReLU.
 *
 * @example
 * ```ts
 * import { compactNet, type ConvBlock } from '@mnist-kit/models';
 *
 * const block: ConvBlock = { conv: 8 };
 * const model = compactNet({ blocks: [block] });
 * ```
 */
export interface ConvBlock extends ConvOptions {
  /** Output channels. */
  conv: number;
}

/**
 * A convolution of each channel by itself, one of 1 x 1 over all of them, batch norm and ReLU.
 *
 * @example
 * ```ts
 * import { compactNet, type SeparableBlock } from '@mnist-kit/models';
 *
 * const block: SeparableBlock = { separable: 16 };
 * const model = compactNet({ blocks: [{ conv: 16 }, block] });
 * ```
 */
export interface SeparableBlock extends ConvOptions {
  /** Output channels. */
  separable: number;
}

/**
 * One step of a {@link compactNet}; pools are 2 x 2 with stride 2.
 *
 * @example
 * ```ts
 * import { type CompactBlock, compactNet } from '@mnist-kit/models';
 *
 * const blocks: CompactBlock[] = [{ conv: 8 }, 'maxPool', { separable: 16, residual: false }];
 * const model = compactNet({ blocks });
 * ```
 */
export type CompactBlock = ConvBlock | SeparableBlock | 'maxPool' | 'averagePool';

/**
 * How {@link compactNet} builds a net.
 *
 * @example
 * ```ts
 * import { compactNet, type CompactNetOptions } from '@mnist-kit/models';
 *
 * const options: CompactNetOptions = { blocks: [{ conv: 8 }, 'maxPool', { separable: 16 }], classes: 10 };
 * const model = compactNet(options);
 * ```
 */
export interface CompactNetOptions {
  /** First to last. */
  blocks: readonly CompactBlock[];
  /** Whether batch norms have a scale of their own. Residual blocks always have one. Default true. */
  scale?: boolean;
  /** Where the initial weights are drawn from. Default: `new Generator(0)`. */
  generator?: Generator;
  /** Number of classes. Default 10. */
  classes?: number;
  /** `[height, width, channels]` of one image. Default `[28, 28, 1]`. */
  inputShape?: readonly [number, number, number];
  /** Name of the model. Default `compactNet`. */
  name?: string;
}

const optionNames: OptionNames<CompactNetOptions> = {
  blocks: true,
  scale: true,
  generator: true,
  classes: true,
  inputShape: true,
  name: true,
};
const convNames: OptionNames<ConvOptions> = { kernelSize: true, padding: true, residual: true };

/**
 * Builds a net that has few parameters for what it can do: no biases before batch norm, separable convolutions
 * (Chollet, "Xception", 2016, https://arxiv.org/abs/1610.02357) without anything between their two halves, residual
 * blocks (He et al., 2015, https://arxiv.org/abs/1512.03385), global average pooling, a linear layer and log-softmax.
 *
 * The result is a plain `tf.LayersModel` that maps `n x height x width x channels` images to `n x classes`
 * log-probabilities. The layers of block i are named `conv{i}` or `depth{i}` and `point{i}`, `bn{i}`, `add{i}`,
 * `relu{i}`; pools `pool{i}`; the end `avgpool`, `fc`, `logsoftmax`. Weights are drawn as PyTorch's modules draw theirs.
 *
 * A scale between a batch norm and a ReLU without anything added does what the next layer's weights can do as well:
 * `scale: false` leaves it out, and `channels` parameters with it.
 *
 * @returns The model; call its `dispose()` to free its weights.
 * @throws InvalidArgumentError when a block is none of those above, a size is not a positive integer, channels do not
 * fit a residual block, or the image becomes too small.
 * @example
 * ```ts
 * import { Generator } from '@mnist-kit/core';
 * import { compactNet } from '@mnist-kit/models';
 *
 * // 1,466 parameters.
 * const model = compactNet({
 *   blocks: [{ conv: 8 }, 'maxPool', { separable: 16 }, { separable: 16, residual: true }, 'maxPool', { separable: 20 }],
 *   generator: new Generator(1),
 * });
 * ```
 */
export function compactNet(options: CompactNetOptions): tfl.LayersModel {
  checkOptionNames<CompactNetOptions>('compactNet', options, optionNames);
  const { blocks, scale = true, classes = 10, inputShape = [28, 28, 1] } = options ?? {};
  const { generator = new Generator(0), name = 'compactNet' } = options ?? {};
  if (!Array.isArray(blocks) || blocks.length === 0)
    throw new InvalidArgumentError('blocks', 'must be a non-empty array of blocks', blocks);
  if (typeof scale !== 'boolean') throw new InvalidArgumentError('scale', 'must be true or false', scale);
  checkEnds(classes, inputShape);
  skipGreeting();

  const input = tfl.input({ shape: [...inputShape], name: 'input' });
  let x: tfl.SymbolicTensor = input;
  for (const [index, block] of blocks.entries()) x = applyBlock(x, block, index + 1, scale);
  x = tfl.layers.globalAveragePooling2d({ name: 'avgpool' }).apply(x) as tfl.SymbolicTensor;
  x = tfl.layers.dense({ units: classes, ...zeros, name: 'fc' }).apply(x) as tfl.SymbolicTensor;
  const outputs = logSoftmax().apply(x) as tfl.SymbolicTensor;
  const model = tfl.model({ inputs: input, outputs, name });
  initialize(model, generator);
  return model;
}

function applyBlock(
  input: tfl.SymbolicTensor,
  block: CompactBlock,
  number: number,
  scale: boolean,
): tfl.SymbolicTensor {
  const argument = `blocks[${number - 1}]`;
  let x = input;
  const add = (layer: tfl.layers.Layer, from: tfl.SymbolicTensor | tfl.SymbolicTensor[] = x) => {
    x = layer.apply(from) as tfl.SymbolicTensor;
  };
  const [, height, width, inputs] = input.shape as number[];
  if (block === 'maxPool' || block === 'averagePool') {
    checkRoom(argument, 2, height, width);
    const options = { poolSize: 2, strides: 2, name: `pool${number}` } as const;
    add(block === 'maxPool' ? tfl.layers.maxPooling2d(options) : tfl.layers.averagePooling2d(options));
    return x;
  }
  const { separable, filters, kernelSize, padding, residual } = readBlock(argument, block);
  if (padding === 'valid') checkRoom(argument, kernelSize, height, width);
  const fits = filters === inputs && (padding === 'same' || kernelSize === 1);
  if (residual && !fits)
    throw new InvalidArgumentError(
      `${argument}.residual`,
      `needs padding 'same' and ${inputs} channels, as many as come in`,
      block,
    );
  const shared = { padding, useBias: false, ...zeros } as const;
  if (separable) {
    const depthwise = { ...shared, depthwiseInitializer: 'zeros' } as const;
    add(tfl.layers.depthwiseConv2d({ kernelSize, ...depthwise, name: `depth${number}` }));
    add(tfl.layers.conv2d({ filters, kernelSize: 1, ...shared, name: `point${number}` }));
  } else add(tfl.layers.conv2d({ filters, kernelSize, ...shared, name: `conv${number}` }));
  const norm = { ...normSettings, scale: scale || residual, name: `bn${number}` };
  add(tfl.layers.batchNormalization(norm));
  if (residual) add(tfl.layers.add({ name: `add${number}` }), [input, x]);
  add(tfl.layers.reLU({ name: `relu${number}` }));
  return x;
}

function readBlock(argument: string, block: ConvBlock | SeparableBlock) {
  const known = typeof block === 'object' && block !== null && ('conv' in block || 'separable' in block);
  if (!known)
    throw new InvalidArgumentError(
      argument,
      "must be { conv: channels }, { separable: channels }, 'maxPool' or 'averagePool'",
      block,
    );
  const separable = 'separable' in block;
  if (separable) checkOptionNames<SeparableBlock>(argument, block, { separable: true, ...convNames });
  else checkOptionNames<ConvBlock>(argument, block, { conv: true, ...convNames });
  const { kernelSize = 3, padding = 'same', residual = false } = block;
  const filters = separable ? block.separable : block.conv;
  const channels = `${argument}.${separable ? 'separable' : 'conv'}`;
  if (!isSize(filters)) throw new InvalidArgumentError(channels, 'must be a positive integer', filters);
  if (!isSize(kernelSize))
    throw new InvalidArgumentError(`${argument}.kernelSize`, 'must be a positive integer', kernelSize);
  if (padding !== 'same' && padding !== 'valid')
    throw new InvalidArgumentError(`${argument}.padding`, "must be 'same' or 'valid'", padding);
  if (typeof residual !== 'boolean')
    throw new InvalidArgumentError(`${argument}.residual`, 'must be true or false', residual);
  return { separable, filters, kernelSize, padding, residual };
}

function checkRoom(argument: string, size: number, height: number, width: number): void {
  if (height >= size && width >= size) return;
  throw new InvalidArgumentError(
    argument,
    `needs ${size} x ${size} pixels, and there are ${height} x ${width} left`,
    [height, width],
  );
}
