import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** One event of a TensorBoard log. */
interface LoggedEvent {
  readonly step: number;
  /** True for the mark of a restart, from whose step on earlier events are void. */
  readonly restarts: boolean;
  readonly bytes: Buffer;
}

/** Steps for which `tag` was logged, as TensorBoard shows them: what a restart does again is dropped. */
export function loggedSteps(dir: string, tag: string): number[] {
  const kept: LoggedEvent[] = [];
  for (const name of readdirSync(dir)
    .filter((file) => file.includes('tfevents'))
    .sort())
    for (const event of eventsIn(readFileSync(join(dir, name)))) {
      if (event.restarts) while ((kept.at(-1)?.step ?? -1) >= event.step) kept.pop();
      else if (event.bytes.includes(tag)) kept.push(event);
    }
  return kept.map(({ step }) => step);
}

/** https://www.tensorflow.org/tutorials/load_data/tfrecord#tfrecords_format_details */
function eventsIn(file: Buffer): LoggedEvent[] {
  const events: LoggedEvent[] = [];
  for (let at = 0; at + 12 <= file.length; ) {
    const length = Number(file.readBigUInt64LE(at));
    if (at + 16 + length > file.length) break;
    events.push(decode(file.subarray(at + 12, at + 12 + length)));
    at += 16 + length;
  }
  return events;
}

/** The fields of `tensorflow.Event`: 1 wall time (8 bytes), 2 step, 7 session log; the others are text or messages. */
function decode(bytes: Buffer): LoggedEvent {
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  };
  let step = 0;
  let restarts = false;
  while (at < bytes.length) {
    const [field, type] = [bytes[at] >> 3, bytes[at++] & 7];
    if (type === 1) at += 8;
    else if (field === 2) step = varint();
    else {
      restarts ||= field === 7;
      const length = varint();
      at += length;
    }
  }
  return { step, restarts, bytes };
}
