// Prints the processor time, in milliseconds, that a second between two steps costs.
import { makeExecutor, trainStep } from './small-run.mjs';

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

const executor = await makeExecutor({ threads: 4 });
await trainStep(executor);
// Code that ran often is compiled again on other threads; that is not what is asked for.
await pause(500);
const before = process.cpuUsage();
await pause(1000);
const { user, system } = process.cpuUsage(before);
await trainStep(executor);
console.log(JSON.stringify((user + system) / 1000));
await executor.dispose();
