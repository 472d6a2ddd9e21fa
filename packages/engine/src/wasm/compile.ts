import { EngineError, type FileBytes } from '@mnist-kit/core';

/**
 * Compiles a module.
 *
 * @throws EngineError where WebAssembly is missing, forbidden, or without what the module needs.
 */
export function compile(bytes: FileBytes): WebAssembly.Module {
  if (typeof WebAssembly === 'undefined') throw new EngineError('There is no WebAssembly here.');
  try {
    return new WebAssembly.Module(bytes);
  } catch (error) {
    if (!(error instanceof WebAssembly.CompileError)) throw error;
    throw new EngineError(explain(error.message), { cause: error });
  }
}

/** Whether the plan cannot run here at all, whatever the model. */
export const isMissing = (error: unknown): boolean =>
  typeof WebAssembly === 'undefined' ||
  (error instanceof EngineError && error.cause instanceof WebAssembly.CompileError);

function explain(message: string): string {
  if (/Content.Security.Policy|\bCSP\b|unsafe-eval/i.test(message))
    return (
      "The Content-Security-Policy forbids WebAssembly: add 'wasm-unsafe-eval' to its script-src, in the answer " +
      'that brings the page and in the one that brings the Worker'
    );
  return `WebAssembly here does not take the plan's code, which needs SIMD: ${message}`;
}
