import type { ModelError } from '@mnist-kit/core';
import type { DescribedLayer } from '@mnist-kit/layers';
import type { SymbolicTensor } from '@tensorflow/tfjs-layers';
import type { GraphBuilder } from './graph-builder.js';
import type { Value } from './value.js';

/** A layer at one of its places in the model. */
export interface Place {
  readonly builder: GraphBuilder;
  readonly described: DescribedLayer;
  readonly inputs: readonly Value[];
  readonly output: SymbolicTensor;
  /** Flatten layers that must give TensorFlow.js's order; those that turn out to be needed are added. */
  readonly ownOrder: Set<string>;
  readonly refuse: (why: string) => ModelError;
}
