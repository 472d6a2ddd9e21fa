import type { Generator } from '@mnist-kit/core';
import { conservativeImprovedNet, improvedNet, optimizedNet } from '@mnist-kit/models';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import type { Net } from '../works/work.js';

const makers = { optimizedNet, improvedNet, conservativeImprovedNet };

export function makeNet(net: Net, generator: Generator): LayersModel {
  return makers[net]({ generator });
}
