import type { InputWiring, PlanContext, ProducerCode } from '../context.js';
import type { Stage } from '../graph/stage.js';
import { UnsupportedLayerError } from '../graph/unsupported-layer-error.js';
import { emitDense } from './dense.js';
import { emitDepthwiseConv } from './depthwise/conv.js';
import { emitDirectConv } from './direct/conv.js';
import { emitElementDropout } from './element-dropout.js';
import { emitFlatten } from './flatten.js';
import { emitIdentity } from './identity.js';
import { emitAdd, emitConcatenate } from './merge.js';
import { emitPool } from './pool/pool.js';
import { emitWinogradConv, isWinograd } from './winograd/conv.js';

/** Writes a stage's forward and backward code: the one table that says which kernel runs what. */
export function emitProducer(
  context: PlanContext,
  stage: Stage,
  inputs: readonly InputWiring[],
): ProducerCode {
  switch (stage.producer.kind) {
    case 'conv':
      return isWinograd(stage)
        ? emitWinogradConv(context, stage, inputs)
        : emitDirectConv(context, stage, stage.producer, inputs);
    case 'depthwise':
      return emitDepthwiseConv(context, stage, stage.producer, inputs);
    case 'dense':
      return emitDense(context, stage, stage.producer, inputs);
    case 'pool':
      return emitPool(context, stage, stage.producer, inputs);
    case 'add':
      return emitAdd(context, stage, inputs);
    case 'concatenate':
      return emitConcatenate(context, stage, inputs);
    case 'flatten':
      return emitFlatten(context, stage, inputs);
    case 'elementDropout':
      return emitElementDropout(context, stage, inputs);
    case 'identity':
      return emitIdentity(context, stage, inputs);
    case 'input':
      throw new UnsupportedLayerError(`Layer "${stage.name}": nothing makes it`);
  }
}
