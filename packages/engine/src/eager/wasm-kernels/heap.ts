import type { DataType, TensorInfo } from '@tensorflow/tfjs-core';

/** The part of TensorFlow.js's wasm backend that a kernel in JavaScript needs. */
export interface HeapBackend {
  /** Allocates a tensor. May grow the heap, which detaches every view made before. */
  makeOutput(shape: number[], dtype: DataType): TensorInfo;
  /** A view of a tensor's values in the heap. */
  typedArrayFromHeap(info: TensorInfo): Float32Array;
  disposeData(dataId: object): boolean;
}

/** What TensorFlow.js hands to a kernel. */
export interface KernelCall {
  readonly inputs: Readonly<Record<string, TensorInfo>>;
  readonly attrs?: unknown;
  readonly backend: HeapBackend;
}
