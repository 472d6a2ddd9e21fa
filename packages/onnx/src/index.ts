/**
 * ONNX files of small convolutional networks.
 *
 * @module
 */
export type { ToOnnxOptions } from './export/options.js';
export { toOnnx } from './export/to-onnx.js';
export { fromOnnx } from './import/from-onnx.js';
export { UnsupportedOnnxError } from './import/unsupported-onnx-error.js';
