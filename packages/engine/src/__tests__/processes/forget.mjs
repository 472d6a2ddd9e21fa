// Makes executors and disposes of none. Prints memory and threads when all have been held, and when each was forgotten.
import { readdirSync } from 'node:fs';
import { createExecutor } from '@mnist-kit/engine';
import { optimizedNet } from '@mnist-kit/models';

const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const usage = () => ({
  megabytes: process.memoryUsage().rss / 2 ** 20,
  threads: process.platform === 'linux' ? readdirSync('/proc/self/task').length : 0,
});
const model = optimizedNet();
const pixels = new Float32Array(128 * 784);

async function use() {
  const executor = await createExecutor(model, { threads: 3 });
  await executor.predict(pixels, 128);
  return executor;
}

async function forget(count) {
  for (let i = 0; i < count; i++) {
    await use();
    // Threads end, and what was forgotten is told of, between turns of the event loop.
    await wait(10);
  }
}

await forget(2);
const start = usage();
const held = [];
for (let i = 0; i < 8; i++) held.push(await use());
const full = usage();
for (const executor of held) await executor.dispose();
await forget(32);
console.log(JSON.stringify({ start, full, forgotten: usage() }));
