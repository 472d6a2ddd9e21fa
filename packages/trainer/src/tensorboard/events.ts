import { ProtobufWriter } from './protobuf-writer.js';
import { encodeRecord } from './record.js';

// Field numbers are those of TensorBoard's event.proto, summary.proto, histogram.proto and of the hparams
// plugin's plugin_data.proto: https://github.com/tensorflow/tensorboard/tree/master/tensorboard/compat/proto

/** When something was logged. */
export interface Stamp {
  /** Seconds since 1970. */
  readonly wallTime: number;
  /** Optimizer steps. */
  readonly step: number;
}

/**
 * Value of a hyperparameter.
 *
 * @example
 * ```ts
 * import type { Hyperparameter } from '@mnist-kit/trainer';
 *
 * const hyperparameters: Record<string, Hyperparameter> = { lr: 1e-3, optimizer: 'Adam', nesterov: false };
 * ```
 */
export type Hyperparameter = string | number | boolean;

const HPARAMS = 'hparams';

/** First record of every file. */
export function versionEvent({ wallTime }: Stamp): Uint8Array {
  return encodeRecord(new ProtobufWriter().double(1, wallTime).string(3, 'brain.Event:2').finish());
}

/** Tells readers to drop what an earlier file logged from this step on. */
export function restartEvent({ wallTime, step }: Stamp): Uint8Array {
  const start = new ProtobufWriter().varint(1, 1);
  return encodeRecord(event({ wallTime, step }).message(7, start).finish());
}

/** A number. */
export function scalarEvent(stamp: Stamp, tag: string, value: number): Uint8Array {
  return summaryEvent(stamp, new ProtobufWriter().string(1, tag).float(2, value));
}

/** A PNG image. */
export function imageEvent(stamp: Stamp, tag: string, png: Uint8Array): Uint8Array {
  // Every PNG has its width and height at the same place.
  const view = new DataView(png.buffer, png.byteOffset, png.byteLength);
  const image = new ProtobufWriter()
    .varint(1, view.getUint32(20))
    .varint(2, view.getUint32(16))
    .varint(3, 4)
    .bytes(4, png);
  return summaryEvent(stamp, new ProtobufWriter().string(1, tag).message(4, image));
}

/** How values are spread, in `bins` equally wide bins; numbers that are NaN or infinite are left out. */
export function histogramEvent(stamp: Stamp, tag: string, values: Float32Array, bins = 30): Uint8Array {
  const finite = values.filter(Number.isFinite);
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let sum = 0;
  let squares = 0;
  for (const value of finite) {
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
    squares += value * value;
  }
  if (finite.length === 0) {
    min = 0;
    max = 0;
  }
  const width = (max - min) / bins;
  const counts = new Array<number>(width > 0 ? bins : 1).fill(0);
  for (const value of finite) counts[width > 0 ? Math.min(bins - 1, Math.floor((value - min) / width)) : 0]++;
  const limits = counts.map((_, i) => (i === counts.length - 1 ? max : min + width * (i + 1)));
  // Readers take the first bucket to reach from minus infinity: an empty one in front bounds it.
  const histogram = new ProtobufWriter()
    .double(1, min)
    .double(2, max)
    .double(3, finite.length)
    .double(4, sum)
    .double(5, squares)
    .packedDoubles(6, [min, ...limits])
    .packedDoubles(7, [0, ...counts]);
  return summaryEvent(stamp, new ProtobufWriter().string(1, tag).message(5, histogram));
}

/** Hyperparameters of a run, for TensorBoard's HParams tab. */
export function hyperparametersEvent(
  stamp: Stamp,
  hyperparameters: Readonly<Record<string, Hyperparameter>>,
): Uint8Array {
  const session = new ProtobufWriter();
  for (const [name, value] of Object.entries(hyperparameters)) {
    const wrapped = new ProtobufWriter();
    if (typeof value === 'number') wrapped.double(2, value);
    else if (typeof value === 'string') wrapped.string(3, value);
    else wrapped.varint(4, value ? 1 : 0);
    session.message(1, new ProtobufWriter().string(1, name).message(2, wrapped));
  }
  session.double(5, stamp.wallTime);
  return pluginEvent(stamp, '_hparams_/session_start_info', new ProtobufWriter().message(3, session));
}

/** Says that the run whose hyperparameters were logged has ended. */
export function sessionEndEvent(stamp: Stamp): Uint8Array {
  const end = new ProtobufWriter().varint(1, 1).double(2, stamp.wallTime);
  return pluginEvent(stamp, '_hparams_/session_end_info', new ProtobufWriter().message(4, end));
}

function pluginEvent(stamp: Stamp, tag: string, content: ProtobufWriter): Uint8Array {
  const plugin = new ProtobufWriter().string(1, HPARAMS).message(2, content);
  const metadata = new ProtobufWriter().message(1, plugin);
  // The plugin reads only summaries that have a tensor: a float one of shape [0].
  const shape = new ProtobufWriter().message(2, new ProtobufWriter());
  const tensor = new ProtobufWriter().varint(1, 1).message(2, shape);
  return summaryEvent(stamp, new ProtobufWriter().string(1, tag).message(8, tensor).message(9, metadata));
}

function summaryEvent(stamp: Stamp, value: ProtobufWriter): Uint8Array {
  return encodeRecord(event(stamp).message(5, new ProtobufWriter().message(1, value)).finish());
}

function event({ wallTime, step }: Stamp): ProtobufWriter {
  const writer = new ProtobufWriter().double(1, wallTime);
  return step === 0 ? writer : writer.varint(2, step);
}
