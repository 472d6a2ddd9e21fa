import * as tfl from '@tensorflow/tfjs-layers';
import type { Activation, Site } from './site.js';
import { CHANNELS_FIRST, derived, type TensorValue, type Value } from './value.js';
import { windowOf } from './windows.js';

/** What every layer's weights are before the file's are written. */
export const zeros = { kernelInitializer: 'zeros', biasInitializer: 'zeros' } as const;

/** Two positive integers, height and width. */
export function pairOf(site: Site, name: string, absent?: readonly number[]): [number, number] {
  const { attributes } = site;
  const value = attributes.ints(name) ?? absent;
  if (value?.length !== 2 || value.some((one) => one < 1 || one > 2 ** 20))
    throw attributes.refuse(name, 'must be two positive integers, for height and width', value);
  return [value[0], value[1]];
}

/** `Conv` over images, of all channels or of each by itself. */
export function conv(site: Site): Value {
  const { attributes } = site;
  const input = site.image(0);
  const weight = site.weight(1, 4);
  const bias = site.inputs > 2 ? site.weight(2, 1) : undefined;
  const [outputs, perGroup, ...size] = weight.shape;
  const [, height, width, channels] = input.tensor.shape;
  const kernelSize = pairOf(site, 'kernel_shape', size);
  if (String(kernelSize) !== String(size))
    throw attributes.refuse('kernel_shape', `must be [${size.join(', ')}], as its weight`, kernelSize);
  const strides = pairOf(site, 'strides', [1, 1]);
  const dilation = pairOf(site, 'dilations', [1, 1]);
  const group = attributes.int('group', 1);
  if (perGroup * group !== channels || outputs % group !== 0)
    throw site.refuse(`its weight "${weight.name}" does not fit ${channels} channels in ${group} groups`);
  const depthwise = group > 1 && perGroup === 1;
  if (group > 1 && !depthwise)
    throw attributes.refuse('group', `must be 1, or ${channels}: TensorFlow.js has no other groups`, group);
  const dilated = dilation.some((rate) => rate > 1);
  if (dilated && (depthwise || strides.some((stride) => stride > 1)))
    throw attributes.refuse(
      'dilations',
      'must be 1 beside groups or strides, where TensorFlow.js has none',
      dilation,
    );
  const window = windowOf(site, { size, strides, dilation, image: [height, width] });
  const padded = withZeros(site, input, window.zeros);
  const settings = {
    ...{ kernelSize, strides, padding: window.padding, useBias: bias !== undefined },
    ...{ name: site.layerName(weight), ...zeros },
  };
  const make = (activation: Activation) =>
    depthwise
      ? tfl.layers.depthwiseConv2d({
          ...{ ...settings, activation },
          depthMultiplier: outputs / group,
          depthwiseInitializer: 'zeros',
        })
      : tfl.layers.conv2d({ ...settings, activation, filters: outputs, dilationRate: dilation });
  const weights = { kernel: weight, depthwise_kernel: weight, bias };
  return site.weighted(make, weights, padded, CHANNELS_FIRST);
}

/** The images with rows and columns of zeros around them. */
export function withZeros(
  site: Site,
  input: TensorValue,
  zeros?: readonly [readonly [number, number], readonly [number, number]],
): TensorValue {
  if (zeros === undefined || zeros.flat().every((side) => side === 0)) return input;
  const padding = zeros.map((pair) => [...pair]) as [[number, number], [number, number]];
  const name = site.context.names.take(`${site.place.node}/pad`);
  return derived(input, site.apply(tfl.layers.zeroPadding2d({ padding, name }), input.tensor));
}
