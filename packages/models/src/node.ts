/**
 * What needs Node: whole models in folders, in TensorFlow.js's own format.
 *
 * @module @mnist-kit/models/node
 */
export { loadModel } from './node/load-model.js';
export { type SaveModelOptions, saveModel } from './node/save-model.js';
