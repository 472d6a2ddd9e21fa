// @ts-check
// @ts-check
// Trains a net for some steps and prints one line of JSON per thread count:
// `{ node, arch, threads, net, steps, batch, sha256 }`.
//
//   node scripts/bits/train.mjs --net improvedNet --steps 200 --batch 32 --threads 1,2,8
//   node scripts/bits/train.mjs --update     writes the golden hashes anew
//
// The golden hashes stand for the arithmetic: write them anew only when that was changed on purpose, and say
// so in the changeset, because users' runs then give other bits as well.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { defaults, nets, trainedHash } from './recipe.mjs';

const golden = new URL('../../packages/engine/src/__tests__/fixtures/golden-bits.json', import.meta.url);

const { values } = parseArgs({
  options: {
    net: { type: 'string', default: defaults.net },
    steps: { type: 'string', default: String(defaults.steps) },
    batch: { type: 'string', default: String(defaults.batch) },
    threads: { type: 'string', default: String(defaults.threads) },
    vectors: { type: 'string', default: String(defaults.vectors) },
    update: { type: 'boolean', default: false },
  },
});

if (values.update) await update();
else {
  const net = nets.find((name) => name === values.net) ?? usage(`--net must be one of ${nets}`, values.net);
  const steps = count('steps', values.steps);
  const batch = count('batch', values.batch);
  const vectors =
    /** @type {const} */ (['auto', 128, 256]).find((width) => String(width) === values.vectors) ??
    usage('--vectors must be auto, 128 or 256', values.vectors);
  for (const text of values.threads.split(',')) {
    const threads = count('threads', text);
    const sha256 = await trainedHash({ net, steps, batch, threads, vectors });
    const { version: node, arch } = process;
    console.log(JSON.stringify({ node, arch, threads, net, steps, batch, sha256 }));
  }
}

/** Two lengths: one that a fast machine does in seconds, one for machines that are emulated. */
async function update() {
  const runs = nets.flatMap((net) => [
    { net, steps: net === 'optimizedNet' ? 200 : 40, batch: 32 },
    { net, steps: 3, batch: 8 },
  ]);
  const lines = [];
  for (const run of runs) {
    lines.push(`  ${JSON.stringify({ ...run, sha256: await trainedHash(run) })}`);
    console.error(lines.at(-1));
  }
  writeFileSync(golden, `[\n${lines.join(',\n')}\n]\n`);
}

/** @param {string} name @param {string} text */
function count(name, text) {
  if (!/^[1-9]\d*$/.test(text)) usage(`--${name} must be a positive integer`, text);
  return Number(text);
}

/** @param {string} message @param {string} received @returns {never} */
function usage(message, received) {
  console.error(`${message}. Received: ${received}`);
  process.exit(2);
}
