import { checkOptionNames, InvalidArgumentError } from '@mnist-kit/core';
import type * as tfl from '@tensorflow/tfjs-layers';
import { checkModel } from './check-arguments.js';
import { countParameters, torchType } from './parameters.js';

/**
 * How {@link summary} prints.
 *
 * @example
 * ```ts
 * import { optimizedNet, summary, type SummaryOptions } from '@mnist-kit/models';
 *
 * const options: SummaryOptions = { layout: 'NHWC' };
 * console.log(summary(optimizedNet(), options));
 * ```
 */
export interface SummaryOptions {
  /**
   * Order of an image's dimensions in the table: `NCHW` (default), as torchsummary prints it, or `NHWC`, as
   * the model has it.
   */
  layout?: 'NCHW' | 'NHWC';
}

/**
 * The table that torchsummary prints: each layer with its output shape and parameters, then totals and an
 * estimate of the memory for one image, in MB of 2^20 bytes at 4 bytes a value. The forward/backward pass
 * counts every layer's output twice, once for its gradient.
 *
 * @param model Any layers model.
 * @param options See {@link SummaryOptions}.
 * @returns The table, lines joined by newlines.
 * @throws InvalidArgumentError when `layout` is neither `NCHW` nor `NHWC`, or `model` is no layers model.
 * @example
 * ```ts
 * import { optimizedNet, summary } from '@mnist-kit/models';
 *
 * console.log(summary(optimizedNet()));
 * ```
 */
export function summary(model: tfl.LayersModel, options: SummaryOptions = {}): string {
  checkOptionNames<SummaryOptions>('summary', options, { layout: true });
  checkModel(model);
  const { layout = 'NCHW' } = options;
  if (layout !== 'NCHW' && layout !== 'NHWC')
    throw new InvalidArgumentError('layout', 'must be "NCHW" or "NHWC"', layout);

  const layers = model.layers.filter((layer) => layer.getClassName() !== 'InputLayer');
  const outputs = layers.map((layer) => shapesOf(layer.output));
  const counts = layers.map(countParameters);
  const parameters = sum(counts.map((count) => count.parameters));
  const trainable = sum(counts.map((count) => count.trainable));

  const inputValues = sum(model.inputs.map((input) => values(input.shape)));
  const outputValues = sum(outputs.flat().map(values));
  const inputSize = megabytes(inputValues);
  const passSize = megabytes(2 * outputValues);
  const paramsSize = megabytes(parameters);

  const thin = '-'.repeat(64);
  const thick = '='.repeat(64);
  return [
    thin,
    row('Layer (type)', `Output Shape (${layout})`, 'Param #'),
    thick,
    ...layers.map((layer, i) =>
      row(
        `${layer.name} (${torchType(layer)})`,
        outputs[i].map((shape) => formatShape(shape, layout)).join(' '),
        thousands(counts[i].parameters),
      ),
    ),
    thick,
    `Total params: ${thousands(parameters)}`,
    `Trainable params: ${thousands(trainable)}`,
    `Non-trainable params: ${thousands(parameters - trainable)}`,
    thin,
    `Input size (MB): ${inputSize.toFixed(2)}`,
    `Forward/backward pass size (MB): ${passSize.toFixed(2)}`,
    `Params size (MB): ${paramsSize.toFixed(2)}`,
    `Estimated Total Size (MB): ${(inputSize + passSize + paramsSize).toFixed(2)}`,
    thin,
  ].join('\n');
}

function shapesOf(output: tfl.SymbolicTensor | tfl.SymbolicTensor[]): (number | null)[][] {
  return (Array.isArray(output) ? output : [output]).map(({ shape }) => shape);
}

/** Values of one sample: a batch counts as one, as does any other open dimension. */
function values(shape: readonly (number | null)[]): number {
  return shape.reduce<number>((product, length) => product * (length ?? 1), 1);
}

function formatShape(shape: readonly (number | null)[], layout: 'NCHW' | 'NHWC'): string {
  const sizes = shape.map((length) => length ?? -1);
  if (layout === 'NCHW' && sizes.length === 4) sizes.splice(1, 0, ...sizes.splice(3));
  return `[${sizes.join(', ')}]`;
}

function row(layer: string, shape: string, parameters: string): string {
  return `${layer.padStart(26)}  ${shape.padStart(20)} ${parameters.padStart(15)}`.trimEnd();
}

/** Grouping by hand, because `toLocaleString` prints what the machine's locale says. */
function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

function megabytes(values: number): number {
  return (values * 4) / 2 ** 20;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
