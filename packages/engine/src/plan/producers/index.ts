import type { FunctionRef } from '../../wasm/function-builder.js';
import type { PlanContext, ProducerCode } from '../context.js';
import { UnsupportedLayerError } from '../graph/read-model.js';
import type { Stage } from '../graph/stage.js';
import { emitDense } from './dense.js';
import { emitDirectConv } from './direct-conv.js';
import { emitIdentity } from './identity.js';
import { emitWinogradConv, isWinograd } from './winograd-conv.js';

/**
 * Writes a stage's forward and backward code: the one table that says which kernel runs what.
 *
 * @param accumulateInput Whether another reader of the input has already written its gradient.
 * @param afterSink `(image)`, called once an image's input gradient is complete.
 */
export function emitProducer(
  context: PlanContext,
  stage: Stage,
  accumulateInput: boolean,
  afterSink: FunctionRef | undefined,
): ProducerCode {
  switch (stage.producer.kind) {
    case 'conv':
      return isWinograd(stage)
        ? emitWinogradConv(context, stage, accumulateInput, afterSink)
        : emitDirectConv(context, stage, accumulateInput, afterSink);
    case 'dense':
      return emitDense(context, stage, accumulateInput, afterSink);
    case 'identity':
      return emitIdentity(context, stage, accumulateInput, afterSink);
    default:
      throw new UnsupportedLayerError(`Layer "${stage.name}": nothing makes it`);
  }
}
