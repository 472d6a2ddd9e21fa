import type { LayersModel, layers, SymbolicTensor } from '@tensorflow/tfjs-layers';

/**
 * The layers depth first from the output, a layer's inputs in their order: the order in which TensorFlow.js runs
 * them, and so the order of dropout decisions.
 */
export function inOrder(model: LayersModel): layers.Layer[] {
  const found = new Set<layers.Layer>();
  const visit = (layer: layers.Layer) => {
    if (found.has(layer)) return;
    // An input layer's node names its own tensor as input.
    if (layer.getClassName() !== 'InputLayer') for (const input of inputsOf(layer)) visit(input.sourceLayer);
    found.add(layer);
  };
  visit(model.outputs[0].sourceLayer);
  return [...found];
}

/** What a layer reads. */
export function inputsOf(layer: layers.Layer): SymbolicTensor[] {
  return layer.inboundNodes[0]?.inputTensors ?? [];
}
