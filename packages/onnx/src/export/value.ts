import type { DataFormat } from '@mnist-kit/layers';
import type { GraphBuilder } from './graph-builder.js';

/** A tensor of the model as it stands in the ONNX graph. */
export interface Value {
  readonly name: string;
  /** Shape in TensorFlow.js, the batch first. */
  readonly shape: readonly (number | null)[];
  /** Axis `i` in ONNX is axis `axes[i]` in TensorFlow.js. */
  readonly axes: readonly number[];
  /** How images lie in TensorFlow.js. */
  readonly dataFormat: DataFormat;
  /** Position in ONNX of each feature of a vector; absent: the same. */
  readonly places?: Int32Array;
  /** Flatten layers, each with the name that it has in the graph, that the order of the features comes from. */
  readonly flattenedBy: ReadonlySet<string>;
}

export const identity = (rank: number): number[] => Array.from({ length: rank }, (_, i) => i);

/** Axes of an image with the channels behind the batch, as ONNX's convolutions read it. */
export function channelsFirst(rank: number, dataFormat: DataFormat): number[] {
  if (rank !== 4 || dataFormat === 'channelsFirst') return identity(rank);
  return [0, 3, 1, 2];
}

/** Axes of an image with the channels last. */
export function channelsLast(rank: number, dataFormat: DataFormat): number[] {
  if (rank !== 4 || dataFormat === 'channelsLast') return identity(rank);
  return [0, 2, 3, 1];
}

/** The value with its axes in another order: itself, or what a Transpose makes of it. */
export function withAxes(builder: GraphBuilder, value: Value, axes: readonly number[]): Value {
  if (String(value.axes) === String(axes)) return value;
  const perm = axes.map((axis) => value.axes.indexOf(axis));
  const name = builder.node(`${value.name}/transpose`, 'Transpose', [value.name], { perm: { ints: perm } });
  return { ...value, name, axes };
}

/** Lengths in ONNX's order. */
export const onnxShape = ({ shape, axes }: Value): (number | null)[] => axes.map((axis) => shape[axis]);

/** Whether features stand in the same order. */
export const sameFeatures = (a: Value, b: Value): boolean =>
  a.places === b.places || String(a.places) === String(b.places);
