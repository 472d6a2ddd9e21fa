import { createRequire } from 'node:module';
import { join } from 'node:path';

/** What is used of onnxruntime-node, which is no dependency of the repository. */
interface Runtime {
  readonly InferenceSession: { create(bytes: Uint8Array): Promise<Session> };
  readonly Tensor: new (type: 'float32', data: Float32Array, dims: readonly number[]) => unknown;
}

interface Session {
  run(feeds: Record<string, unknown>): Promise<Record<string, Tensor>>;
  release(): Promise<void>;
}

/** A tensor that onnxruntime gave. */
export interface Tensor {
  readonly data: Float32Array;
  readonly dims: readonly number[];
}

const require = createRequire(join(process.env.ONNXRUNTIME_HOME as string, 'any.js'));
const runtime = require('onnxruntime-node') as Runtime;

/** What onnxruntime computes for one input. */
export async function runOnnx(
  bytes: Uint8Array,
  data: Float32Array,
  dims: readonly number[],
): Promise<Tensor> {
  const session = await runtime.InferenceSession.create(bytes);
  try {
    const { output } = await session.run({ input: new runtime.Tensor('float32', data, dims) });
    return { data: output.data.slice(), dims: [...output.dims] };
  } finally {
    await session.release();
  }
}
