// The page of in-browser.mjs: trains in a worker and asks it for its weights' hash.
import { TrainingClient } from '@mnist-kit/trainer/worker';

/**
 * @param {{ net: string, steps: number, batch: number, threads: number }} run
 * @returns {Promise<string>}
 */
async function trainedHash(run) {
  const client = new TrainingClient(
    () => new Worker(new URL('./training.worker.mjs', import.meta.url), { type: 'module' }),
  );
  try {
    const fit = client.fit(run);
    // Where memory cannot be shared there is one thread, and the comparison would compare nothing.
    for await (const event of fit)
      if (event.type === 'start' && event.executor.threads !== run.threads)
        throw new Error(`${run.threads} threads were asked for and this is ${event.executor.description}`);
    await fit.result;
    return await client.call('hash');
  } finally {
    await client.terminate();
  }
}

Object.assign(globalThis, { trainedHash });
