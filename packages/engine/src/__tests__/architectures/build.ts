import * as tfl from '@tensorflow/tfjs-layers';
import type { Architecture, LayerSpec, Penalties } from './spec.js';

const { layers, regularizers } = tfl;

/** Makes the TensorFlow.js model of a random net. Its weights are whatever TensorFlow.js draws. */
export function buildModel({ input, layers: specs }: Architecture): tfl.LayersModel {
  const images = tfl.input({ shape: [...input] });
  const tensors = new Map<string, tfl.SymbolicTensor>([['input', images]]);
  for (const spec of specs) {
    const sources = spec.from.map((name) => tensors.get(name)!);
    const layer = makeLayer(spec);
    tensors.set(spec.name, layer.apply(sources.length > 1 ? sources : sources[0]) as tfl.SymbolicTensor);
  }
  return tfl.model({ inputs: images, outputs: tensors.get(specs.at(-1)!.name)! });
}

function makeLayer(spec: LayerSpec): tfl.layers.Layer {
  const { name } = spec;
  switch (spec.kind) {
    case 'conv':
      return layers.conv2d({
        ...kernelWindow(spec),
        filters: spec.filters,
        kernelRegularizer: penalty(spec.penalties, 'kernel'),
      });
    case 'depthwise':
      return layers.depthwiseConv2d({
        ...kernelWindow(spec),
        depthMultiplier: spec.multiplier,
        depthwiseRegularizer: penalty(spec.penalties, 'kernel'),
      });
    case 'dense':
      return layers.dense({
        ...{ name, units: spec.units, useBias: spec.useBias, activation: spec.activation as 'relu' },
        kernelRegularizer: penalty(spec.penalties, 'kernel'),
        biasRegularizer: penalty(spec.penalties, 'bias'),
      });
    case 'batchNorm':
      return layers.batchNormalization({
        ...{ name, scale: spec.scale, center: spec.center, epsilon: spec.epsilon, momentum: spec.momentum },
        gammaRegularizer: penalty(spec.penalties, 'gamma'),
        betaRegularizer: penalty(spec.penalties, 'beta'),
      });
    case 'activation':
      return layers.activation({ name, activation: spec.activation as 'relu' });
    case 'reluLayer':
      return layers.reLU({ name });
    case 'leakyRelu':
      return layers.leakyReLU({ name, alpha: spec.alpha });
    case 'eluLayer':
      return layers.elu({ name });
    case 'softmaxLayer':
      return layers.softmax({ name });
    case 'maxPool':
      return layers.maxPooling2d(poolWindow(spec));
    case 'averagePool':
      return layers.averagePooling2d(poolWindow(spec));
    case 'globalAverage':
      return layers.globalAveragePooling2d({ name });
    case 'globalMax':
      return layers.globalMaxPooling2d({ name });
    case 'flatten':
      return layers.flatten({ name });
    case 'add':
      return layers.add({ name });
    case 'concatenate':
      return layers.concatenate({ name });
    case 'dropout':
      return layers.dropout({
        ...{ name, rate: 0 },
        noiseShape: spec.perChannel ? ([null, 1, 1, null] as unknown as number[]) : undefined,
      });
  }
}

function kernelWindow(spec: Extract<LayerSpec, { kind: 'conv' | 'depthwise' }>) {
  return {
    name: spec.name,
    kernelSize: [...spec.size] as [number, number],
    strides: [...spec.strides] as [number, number],
    padding: spec.padding,
    dilationRate: [...spec.dilation] as [number, number],
    useBias: spec.useBias,
    activation: spec.activation as 'relu',
    biasRegularizer: penalty(spec.penalties, 'bias'),
  };
}

function poolWindow(spec: Extract<LayerSpec, { kind: 'maxPool' | 'averagePool' }>) {
  return {
    name: spec.name,
    poolSize: [...spec.size] as [number, number],
    strides: [...spec.strides] as [number, number],
    padding: spec.padding,
  };
}

function penalty(penalties: Penalties, weight: keyof Penalties) {
  const found = penalties[weight];
  return found && regularizers.l1l2(found);
}
