import { ModelError } from '@mnist-kit/core';

/**
 * An ONNX file holds something that no layer of TensorFlow.js that is known here does; the message names the operator
 * and says what would be right.
 *
 * @example
 * ```ts
 * import { readFile } from 'node:fs/promises';
 * import { fromOnnx, UnsupportedOnnxError } from '@mnist-kit/onnx';
 *
 * try {
 *   fromOnnx(await readFile('model.onnx'));
 * } catch (error) {
 *   if (!(error instanceof UnsupportedOnnxError)) throw error;
 *   console.error(error.operator, error.node, error.attribute); // MaxPool /pool/MaxPool ceil_mode
 * }
 * ```
 */
export class UnsupportedOnnxError extends ModelError {
  /** The operator, e.g. `MaxPool`; undefined where it is not about one. */
  readonly operator?: string;
  /** Name of the node, or of its output where it has none. */
  readonly node?: string;
  /** The attribute that is the reason. */
  readonly attribute?: string;

  /**
   * @param what The clause behind the node's name.
   * @param place Where it is.
   */
  constructor(what: string, place: { operator?: string; node?: string; attribute?: string } = {}) {
    const { operator, node, attribute } = place;
    super(operator === undefined ? what : `Node "${node}" (${operator}): ${what}`);
    this.operator = operator;
    this.node = node;
    this.attribute = attribute;
  }
}
