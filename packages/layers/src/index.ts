/**
 * What each TensorFlow.js layer computes, how PyTorch names and lays out its weights, and how it initialises
 * them: the one description that engine, models and everybody else read.
 *
 * @module @mnist-kit/layers
 */
export { type DescribedLayer, describedClasses, describeLayer, type UnknownLayer } from './describe-layer.js';
export { type FeatureOrder, placesOf } from './features/feature-order.js';
export { inputOrders } from './features/input-orders.js';
export type { FieldReader } from './field-reader.js';
export type { LayerKind, Passage, WeightKind } from './layer-kind.js';
export type {
  ActivationOperation,
  BatchNormOperation,
  ConvOperation,
  DataFormat,
  DenseOperation,
  DepthwiseConvOperation,
  DropoutOperation,
  GlobalPoolOperation,
  LayerNormOperation,
  Operation,
  Padding,
  PoolOperation,
  Sliding,
} from './operation.js';
export type { TorchInitializer } from './torch/initializers.js';
export type { TorchWeight } from './torch/torch-weight.js';
export { type LayerWeight, layerWeights, type Penalty } from './weights.js';
