import { conservativeImprovedNet, improvedNet, type NetOptions, optimizedNet } from '@mnist-kit/models';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Net } from '../works/work.js';

const makers = { optimizedNet, improvedNet, conservativeImprovedNet };

export function makeNet(net: Net, options: NetOptions): LayersModel {
  return makers[net](options);
}

/** What a peer has to know to build a net that it has no layers model of. */
export interface NetShape {
  /** Output channels of each block. */
  readonly channels: readonly number[];
  /** Blocks, counted from 1, that a 2x2 max-pool follows. */
  readonly poolAfter: readonly number[];
  /** Rate of the Dropout2d of each block. */
  readonly dropout: number;
  /** Rate of the dropout before the last layer. */
  readonly fcDropout: number;
}

/** Read from the model itself, so that no peer is measured on another net than ours. */
export function shapeOf(model: LayersModel): NetShape {
  const channels: number[] = [];
  const poolAfter: number[] = [];
  const rates: number[] = [];
  for (const layer of model.layers) {
    if (layer.getClassName() === 'Conv2D') channels.push((layer.outputShape as number[])[3]);
    if (layer.getClassName() === 'MaxPooling2D') poolAfter.push(channels.length);
    if (layer.getClassName() === 'Dropout') rates.push(layer.getConfig().rate as number);
  }
  return { channels, poolAfter, dropout: rates[0], fcDropout: rates[rates.length - 1] };
}

/** The shape of one of the notebook's nets. */
export function shapeOfNet(net: Net): NetShape {
  const model = makeNet(net, {});
  try {
    return shapeOf(model);
  } finally {
    model.dispose();
  }
}
