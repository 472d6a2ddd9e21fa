import type * as tf from '@tensorflow/tfjs-core';
import { io } from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

/** A weight of TensorFlow.js's, with what it keeps to itself. */
interface Weight {
  readonly originalName: string;
  readonly val: tf.Variable;
  readonly constraint: unknown;
}

/**
 * Makes a model of what was saved of one, with the very weights that were saved.
 *
 * TensorFlow.js applies a weight's constraint whenever it writes the weight, and so also when it loads a model.
 *
 * @throws Error of TensorFlow.js's when it cannot.
 */
export async function loadArtifacts(artifacts: io.ModelArtifacts): Promise<tfl.LayersModel> {
  const model = await tfl.loadLayersModel(io.fromMemory(artifacts));
  const weights = model.weights as unknown as Weight[];
  const constrained = weights.filter(({ constraint }) => constraint != null);
  if (constrained.length === 0) return model;
  const { weightData, weightSpecs } = artifacts;
  const saved = io.decodeWeights(weightData as io.WeightData, weightSpecs as io.WeightsManifestEntry[]);
  for (const weight of constrained) weight.val.assign(saved[weight.originalName]);
  for (const tensor of Object.values(saved)) tensor.dispose();
  return model;
}
