// Makes many executors at a time, several times over; prints the resident memory in MiB, with all of them and
// without, round by round.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { makeExecutor, trainStep } from './small-run.mjs';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const resident = async () => {
  // Memory of WebAssembly goes back after a collection and a turn of the event loop.
  for (let i = 0; i < 3; i++) {
    collect();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return process.memoryUsage.rss() / 2 ** 20;
};

const rounds = [];
const kept = [];
for (let round = 0; round < 6; round++) {
  const executors = await Promise.all(Array.from({ length: 6 }, () => makeExecutor({ threads: 2 })));
  for (let step = 0; step < 2; step++) for (const executor of executors) await trainStep(executor);
  const full = await resident();
  for (const executor of executors) await executor.dispose();
  // Somebody may keep what is disposed of.
  kept.push(...executors);
  rounds.push({ full, empty: await resident() });
}
console.log(JSON.stringify(rounds));
