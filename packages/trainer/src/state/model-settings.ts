import type { Settings } from '@mnist-kit/core';
import type { LayersModel } from '@tensorflow/tfjs-layers';
import { plain } from './part-settings.js';

type Layer = LayersModel['layers'][number];

/** The layers by name: class, what they read, how many of their weights are trained, and their configuration. */
export function modelSettings(model: LayersModel): Settings {
  const trained = new Set(model.trainableWeights);
  const names = new Map(model.layers.map((layer, i) => [layer, nameOf(layer, i)]));
  return Object.fromEntries(
    model.layers.map((layer) => [
      names.get(layer) as string,
      {
        kind: layer.getClassName(),
        inputs: inputsOf(layer).flatMap((input) => names.get(input) ?? []),
        trainableWeights: layer.weights.filter((weight) => trained.has(weight)).length,
        ...configOf(layer),
      },
    ]),
  );
}

/** What TensorFlow.js calls a layer without a name depends on how many were made before. */
function nameOf(layer: Layer, i: number): string {
  const kind = layer.getClassName();
  return new RegExp(`_${kind}\\d+$`).test(layer.name) ? `${kind}#${i}` : layer.name;
}

function inputsOf(layer: Layer): readonly Layer[] {
  return layer.inboundNodes.flatMap((node) => node.inboundLayers);
}

/** What decides what a layer computes; how its weights began is past. */
function configOf(layer: Layer): Settings {
  const config = plain(layer.getConfig());
  return Object.fromEntries(
    Object.entries(config).filter(
      ([key]) => key !== 'name' && key !== 'trainable' && !/[iI]nitializer$/.test(key),
    ),
  );
}
