import * as tfl from '@tensorflow/tfjs-layers';
import { pairOf, withZeros } from './convolutions.js';
import type { Site } from './site.js';
import { CHANNELS_FIRST, tensorValue, type Value } from './value.js';
import { windowOf } from './windows.js';

type Of = 'max' | 'average';

/** `MaxPool` and `AveragePool` over images. */
export const pool =
  (of: Of) =>
  (site: Site): Value => {
    const { attributes } = site;
    const input = site.image(0);
    const [, height, width] = input.tensor.shape;
    const size = pairOf(site, 'kernel_shape');
    const strides = pairOf(site, 'strides', [1, 1]);
    if (pairOf(site, 'dilations', [1, 1]).some((rate) => rate > 1))
      throw attributes.refuse('dilations', 'must be 1', attributes.ints('dilations'));
    attributes.must('storage_order', 0);
    const ceil = attributes.int('ceil_mode', 0) !== 0;
    const counts = attributes.int('count_include_pad', 0) !== 0;
    const window = windowOf(site, { size, strides, dilation: [1, 1], image: [height, width], ceil });
    let padded = input;
    let { padding } = window;
    if (of === 'average' && counts && window.pads) {
      // Zeros that count are zeros of the image.
      const ends = site.attributes.ints('pads');
      if (ceil || ends === undefined || height === null || width === null)
        throw attributes.refuse('count_include_pad', 'must be 0 beside `ceil_mode` or `auto_pad`', 1);
      padded = withZeros(site, input, [
        [ends[0], ends[2]],
        [ends[1], ends[3]],
      ]);
      padding = 'valid';
    } else if (window.zeros !== undefined)
      throw attributes.refuse(
        'pads',
        "must be TensorFlow.js's `same` or none: it pools pixels from outside in no other way",
        attributes.ints('pads') ?? attributes.text('auto_pad', 'NOTSET'),
      );
    const settings = { poolSize: size, strides, padding, name: site.layerName() };
    const layer = of === 'max' ? tfl.layers.maxPooling2d(settings) : tfl.layers.averagePooling2d(settings);
    return tensorValue(site.apply(layer, padded.tensor), CHANNELS_FIRST);
  };

/** Operators that read a pooled pixel as a vector. */
const flattening = new Set(['Flatten', 'Reshape', 'Squeeze', 'Dropout', 'Identity']);

/** `GlobalMaxPool` and `GlobalAveragePool`: a vector, or an image of one pixel where somebody reads it as such. */
export const globalPool =
  (of: Of) =>
  (site: Site): Value => {
    const input = site.image(0);
    const [, height, width] = input.tensor.shape;
    const readers = site.context.graph.readers.get(site.node.output[0]) ?? [];
    const asImage = readers.some((reader) => reader === undefined || !flattening.has(reader.opType));
    const name = site.layerName();
    if (asImage && height !== null && width !== null) {
      const settings = {
        poolSize: [height, width] as [number, number],
        strides: 1,
        padding: 'valid' as const,
        name,
      };
      const layer = of === 'max' ? tfl.layers.maxPooling2d(settings) : tfl.layers.averagePooling2d(settings);
      return tensorValue(site.apply(layer, input.tensor), CHANNELS_FIRST);
    }
    return tensorValue(globalLayer(site, of, name), [0, 1, null, null]);
  };

function globalLayer(site: Site, of: Of, name: string): tfl.SymbolicTensor {
  const layer =
    of === 'max' ? tfl.layers.globalMaxPooling2d({ name }) : tfl.layers.globalAveragePooling2d({ name });
  return site.apply(layer, site.image(0).tensor);
}

/** `ReduceMean` and `ReduceMax` over height and width, as PyTorch writes `x.mean([2, 3])`. */
export const reduce =
  (of: Of) =>
  (site: Site): Value => {
    const { attributes } = site;
    const input = site.image(0);
    const axes = attributes.has('axes') ? attributes.ints('axes') : site.integers(1);
    attributes.must('noop_with_empty_axes', 0);
    const plain = (axes ?? []).map((axis) => (axis < 0 ? axis + 4 : axis)).toSorted((a, b) => a - b);
    if (String(plain) !== '2,3') throw attributes.refuse('axes', 'must be height and width, [2, 3]', axes);
    const keeps = attributes.int('keepdims', 1) !== 0;
    if (!keeps) return tensorValue(globalLayer(site, of, site.layerName()), [0, 1]);
    return input && globalPool(of)(site);
  };
