import type { Generator } from '@mnist-kit/core';
import { compactNet, convNet, improvedNet, optimizedNet } from '@mnist-kit/models';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { NetSettings } from './settings.js';

/** The net, its weights drawn from `generator`. */
export function buildNet(net: NetSettings, generator: Generator): LayersModel {
  switch (net.kind) {
    case 'optimizedNet':
      return optimizedNet({ generator });
    case 'improvedNet':
      return improvedNet({ generator });
    case 'convNet': {
      const { blocks, dropout, fcDropout } = net;
      return convNet({
        channels: blocks.map(({ channels }) => channels),
        poolAfter: blocks.flatMap(({ pool }, i) => (pool ? [i + 1] : [])),
        dropout,
        fcDropout,
        generator,
      });
    }
    case 'compactNet':
      return compactNet({ blocks: net.blocks, scale: net.scale, generator });
  }
}
