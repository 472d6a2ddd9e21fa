import type { TensorDict } from '@mnist-kit/core';
import type { AugmentationSettings, NetSettings, Settings } from '../settings/settings.js';

/** What a net is made of. */
export interface NetDescription {
  readonly parameters: number;
  readonly layers: readonly { readonly layer: string; readonly type: string; readonly parameters: number }[];
}

/** The outputs of one layer for one image, channel after channel. */
export interface FeatureMaps {
  readonly layer: string;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** `channels x height x width`. */
  readonly values: Float32Array;
}

/** The windows of the first convolution, one after the other. */
export interface Filters {
  readonly layer: string;
  readonly size: number;
  readonly count: number;
  /** `count x size x size`. */
  readonly values: Float32Array;
}

/** Images as bytes, 28 x 28 each, one after the other. */
export interface Pictures {
  readonly pixels: Uint8Array;
  readonly labels: readonly number[];
}

/** What the inspector is asked for, and what it answers: it has a net of its own, which gets the weights of the run. */
export interface InspectorCalls {
  /** Counts parameters; refuses a net that cannot be. */
  describe(net: NetSettings): NetDescription;
  /**
   * Takes a net and its weights, of a run that goes on or as a safetensors file; without weights those that it would start
   * training from.
   */
  load(
    net: NetSettings,
    data: Settings['data'],
    weights: TensorDict | Uint8Array | undefined,
    seed: number,
  ): void;
  /** Probability of each class for an image of 784 values from 0 to 1. */
  predict(ink: Float32Array): Float32Array;
  filters(): Filters;
  featureMaps(ink: Float32Array): FeatureMaps[];
  /** The `index`-th test image of every class. */
  samples(data: Settings['data'], dataUrl: string, index: number): Pictures;
  /** What the random changes make of images, `times` over. */
  augment(pictures: Uint8Array, augmentation: AugmentationSettings, seed: number, times: number): Uint8Array;
  /** A file with the net as it is loaded. */
  file(format: 'safetensors' | 'onnx'): Uint8Array;
  /** The state dict that an ONNX file holds, as a safetensors file. */
  readWeights(net: NetSettings, file: Uint8Array, name: string): Uint8Array;
  /** Share of the test images that are read right. */
  test(data: Settings['data'], dataUrl: string): number;
}

export type InspectorCall = keyof InspectorCalls;

/** To the worker. */
export interface InspectorRequest {
  readonly id: number;
  readonly call: InspectorCall;
  readonly args: readonly unknown[];
}

/** First message: where MNIST's files are. */
export interface InspectorSetup {
  readonly mnistUrl: string;
}

/** From the worker. */
export type InspectorAnswer =
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } };
