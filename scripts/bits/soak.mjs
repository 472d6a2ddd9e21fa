// @ts-check
// `npm run test:soak`: many steps in one process, with memory, tensors and step time watched.
//
//   npm run test:soak -- --steps 10000 --net optimizedNet --threads 2 --batch 128
//
// Exit status 1 where memory grew, a tensor was left over, or the last steps took much longer than the first.

import { parseArgs } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import * as tf from '@tensorflow/tfjs-core';
import { nets, trainedHash } from './recipe.mjs';

/** Growth over the second half that counts as flat, in MiB: pages that the allocator keeps come and go. */
const FLAT_RSS = 24;
const FLAT_HEAP = 4;
/** The machine's own ups and downs. */
const STEADY = 1.5;
/** Code is still being optimised, and buffers meet memory for the first time. */
const WARM_UP = 50;

const { values } = parseArgs({
  options: {
    net: { type: 'string', default: 'optimizedNet' },
    steps: { type: 'string', default: '10000' },
    batch: { type: 'string', default: '128' },
    threads: { type: 'string', default: '2' },
  },
});
const [steps, batch, threads] = [values.steps, values.batch, values.threads].map(Number);
if (!(steps >= 200)) {
  console.error(`--steps must be at least 200. Received: ${values.steps}`);
  process.exit(2);
}
const net = nets.find((name) => name === values.net);
if (net === undefined) {
  console.error(`--net must be one of ${nets}. Received: ${values.net}`);
  process.exit(2);
}
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');

const times = new Float64Array(steps);
/** @type {{ step: number, ms: number, rssMiB: number, heapMiB: number, arrayBuffersMiB: number, tensors: number }[]} */
const samples = [];
const every = Math.floor(steps / 10);
const before = tf.memory().numTensors;
let tensors = 0;
let last = performance.now();
const sha256 = await trainedHash({ net, steps, batch, threads }, (step) => {
  times[step] = performance.now() - last;
  if (step === 0) tensors = tf.memory().numTensors;
  if ((step + 1) % every === 0) sample(step + 1);
  last = performance.now();
});
console.table(samples);

const share = Math.min(1000, Math.floor((steps - WARM_UP) / 2));
const first = median(times.subarray(WARM_UP, WARM_UP + share));
const end = median(times.subarray(steps - share));
const middle = samples[Math.floor(samples.length / 2) - 1];
const final = samples[samples.length - 1];
const grown = { rss: final.rssMiB - middle.rssMiB, heap: final.heapMiB - middle.heapMiB };
const left = tf.memory().numTensors - before;
console.log(`weights ${sha256.slice(0, 16)}`);
console.log(`step, median of ${share}: first ${first.toFixed(2)} ms, last ${end.toFixed(2)} ms`);
console.log(`second half: RSS ${grown.rss.toFixed(1)} MiB, heap ${grown.heap.toFixed(1)} MiB more`);
console.log(`tensors: ${final.tensors - tensors} more than after the first step, ${left} left at the end`);

const faults = [
  grown.rss > FLAT_RSS && `RSS grew by ${grown.rss.toFixed(1)} MiB`,
  grown.heap > FLAT_HEAP && `the heap grew by ${grown.heap.toFixed(1)} MiB`,
  final.tensors !== tensors && 'the number of tensors changed while training',
  left !== 0 && `${left} tensors were left over`,
  end > first * STEADY && 'steps became slower',
].filter(Boolean);
for (const fault of faults) console.error(`FAILED: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;

/** @param {number} step */
function sample(step) {
  collect();
  const { rss, heapUsed, arrayBuffers } = process.memoryUsage();
  const mib = (/** @type {number} */ bytes) => Math.round((bytes / 2 ** 20) * 10) / 10;
  const { numTensors } = tf.memory();
  const recent = median(times.subarray(step - every, step));
  samples.push({
    step,
    ms: Math.round(recent * 100) / 100,
    rssMiB: mib(rss),
    heapMiB: mib(heapUsed),
    arrayBuffersMiB: mib(arrayBuffers),
    tensors: numTensors,
  });
}

/** @param {Float64Array} list */
function median(list) {
  return Float64Array.from(list).sort()[list.length >> 1];
}
