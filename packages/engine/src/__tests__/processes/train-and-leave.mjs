// Trains a step and neither disposes of the executor nor ends the process.
import { makeExecutor, trainStep } from './small-run.mjs';

const executor = await makeExecutor({ threads: 3 });
await trainStep(executor);
console.log('trained');
