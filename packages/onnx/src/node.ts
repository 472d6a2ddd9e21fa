/**
 * What needs Node: ONNX files on disk.
 *
 * @module
 */
export { saveOnnx } from './node/save-onnx.js';
