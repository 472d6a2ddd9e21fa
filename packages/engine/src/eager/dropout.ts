import { EngineError, type Generator, ModelError } from '@mnist-kit/core';
import { placesOf } from '@mnist-kit/layers';
import * as tf from '@tensorflow/tfjs-core';
import { type Graph, type GraphNode, innerLayersOf } from './graph.js';

interface DropoutPlan {
  readonly node: GraphNode;
  readonly rate: number;
  /** Shape of the mask of one sample, channels last; 1 where a draw holds for the whole dimension. */
  readonly noiseShape: readonly number[];
}

/** Layers that draw random numbers of their own in training, which no generator would reproduce. */
const randomLayers = new Set(['GaussianNoise', 'GaussianDropout', 'AlphaDropout', 'RandomWidth']);

/** The dropout masks of one training step, drawn ahead of it from a generator. */
export class DropoutMasks {
  readonly #plans: readonly DropoutPlan[];
  readonly #unreproducible: string | undefined;
  #drawn: { readonly size: number; readonly masks: readonly Float32Array[] } | undefined;

  /** @throws ModelError when a noise shape does not fit its layer's input. */
  constructor(graph: Graph) {
    this.#plans = graph.nodes.filter(({ layer }) => isDropout(layer.getClassName())).flatMap(planDropout);
    this.#unreproducible = graph.nodes.find(drawsByItself)?.layer.name;
  }

  /**
   * Draws one 53-bit double per element of each layer's noise shape, layer after layer in forward order, and
   * within a layer in PyTorch's order, channels first.
   */
  draw(size: number, generator: Generator): void {
    const masks = this.#plans.map((plan) => {
      const length = plan.noiseShape.reduce((product, n) => product * n, size);
      return inOwnOrder(generator.dropoutMask(new Float32Array(length), plan.rate), size, plan);
    });
    this.#drawn = { size, masks };
  }

  /**
   * Takes the drawn masks, so that no two steps use the same ones.
   *
   * @throws EngineError when none were drawn for this batch.
   * @throws ModelError when a layer draws random numbers of its own.
   */
  take(size: number): Map<GraphNode, tf.Tensor> {
    if (this.#unreproducible !== undefined)
      throw new ModelError(
        `Layer "${this.#unreproducible}" draws random numbers of its own, so that a training step could not be reproduced. Use Dropout.`,
      );
    const drawn = this.#drawn;
    if (this.#plans.length === 0) return new Map();
    if (drawn === undefined)
      throw new EngineError('`drawMasks(size, generator)` must be called before each `trainStep`.');
    if (drawn.size !== size)
      throw new EngineError(
        `\`trainStep\` must get the batch size that masks were drawn for, ${drawn.size}. Received: ${size}`,
      );
    this.#drawn = undefined;
    return new Map(
      this.#plans.map(({ node, noiseShape }, i) => [node, tf.tensor(drawn.masks[i], [size, ...noiseShape])]),
    );
  }
}

function isDropout(className: string): boolean {
  return className === 'Dropout' || className === 'SpatialDropout1D';
}

function planDropout(node: GraphNode): DropoutPlan[] {
  const { layer } = node;
  const { rate, noiseShape } = layer.getConfig() as { rate: number; noiseShape?: (number | null)[] };
  // Where nothing is dropped PyTorch draws nothing. At 1 it draws nothing either, and drops everything.
  if (!(rate > 0)) return [];
  const input = node.inputShapes[0];
  const asked = layer.getClassName() === 'SpatialDropout1D' ? [null, 1, null] : (noiseShape ?? []);
  const shape = input.slice(1).map((length, i) => asked[i + 1] ?? length);
  const fits = shape.every((length, i) => length !== null && (length === 1 || length === input[i + 1]));
  if (!fits || (asked.length > 0 && asked.length !== input.length) || asked[0] === 1)
    throw new ModelError(
      `The noise shape of layer "${layer.name}" must fit its input [${input.join(', ')}] and leave the batch open. ` +
        `Received: [${asked.join(', ')}]`,
    );
  return [{ node, rate, noiseShape: shape as number[] }];
}

function drawsByItself({ layer }: GraphNode): boolean {
  return [layer, ...innerLayersOf(layer)].some((one) => {
    const { dropout, recurrentDropout } = one.getConfig() as Record<string, number | undefined>;
    return randomLayers.has(one.getClassName()) || (dropout ?? 0) > 0 || (recurrentDropout ?? 0) > 0;
  });
}

/** From the order in which PyTorch draws to the one in which the layer has its values. */
function inOwnOrder(mask: Float32Array, size: number, { node, noiseShape }: DropoutPlan): Float32Array {
  const { order } = node;
  if (order?.kind === 'image' && order.dataFormat === 'channelsFirst') return mask;
  const places = placesOf(order);
  if (places === undefined || noiseShape[0] !== places.length) return toChannelsLast(mask, size, noiseShape);
  return mask.map((_, i) => mask[i - (i % places.length) + places[i % places.length]]);
}

/** From `size x channels x …space` to `size x …space x channels`. */
function toChannelsLast(mask: Float32Array, size: number, noiseShape: readonly number[]): Float32Array {
  const channels = noiseShape[noiseShape.length - 1];
  const space = noiseShape.slice(0, -1).reduce((product, n) => product * n, 1);
  if (space === 1) return mask;
  const result = new Float32Array(mask.length);
  for (let n = 0; n < size; n++)
    for (let c = 0; c < channels; c++)
      for (let s = 0; s < space; s++)
        result[(n * space + s) * channels + c] = mask[(n * channels + c) * space + s];
  return result;
}
