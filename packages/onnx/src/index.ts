/**
 * ONNX files of small convolutional networks.
 *
 * @module
 */
export type { ToOnnxOptions } from './export/options.js';
export { toOnnx } from './export/to-onnx.js';
