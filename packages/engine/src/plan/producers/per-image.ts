import type { FunctionBuilder, FunctionRef } from '../../wasm/function-builder.js';
import { get, i32, type Local } from '../../wasm/ops.js';
import { chunkImages, type PlanContext, type ProducerCode } from '../context.js';
import type { Stage } from '../graph/stage.js';

/** Writes the code for one image; `image` and `base`, the thread's scratch memory, are locals. */
export type ImageBody = (f: FunctionBuilder, locals: { image: Local; base: Local; chunk: Local }) => void;

/** `(base, chunk)`: runs `body` for every image of the chunk, after `before`. */
export function emitPerImage(
  context: PlanContext,
  name: string,
  body: ImageBody,
  before?: (f: FunctionBuilder, locals: { chunk: Local }) => void,
): FunctionRef {
  return context.module.function(name, ['i32', 'i32'], [], (f, [base, chunk]) => {
    before?.(f, { chunk });
    const { first: image, end } = chunkImages(f, chunk);
    f.while(i32.ltS(get(image), get(end)), () => {
      body(f, { image, base, chunk });
      f.advance(image, 1);
    });
  });
}

/** Forward and backward of a producer without weights that works image by image. */
export function perImageProducer(
  context: PlanContext,
  stage: Stage,
  forward: ImageBody,
  backward: ImageBody,
): ProducerCode {
  return {
    forward: emitPerImage(context, `forward ${stage.name}`, forward),
    backward: emitPerImage(context, `backward ${stage.name}`, backward),
  };
}
