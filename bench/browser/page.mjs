// One training in a worker of this page, which shows its events and notes what keeps the page from answering.
import { TrainingClient } from '@mnist-kit/trainer/worker';

const client = new TrainingClient(
  () => new Worker(new URL('./training.worker.mjs', import.meta.url), { type: 'module' }),
);

/** Milliseconds of tasks that took more than 50. @type {number[]} */
const longTasks = [];
new PerformanceObserver((list) => {
  for (const { duration } of list.getEntries()) longTasks.push(duration);
}).observe({ type: 'longtask' });

/** @param {import('./training.mjs').Measured} settings */
async function train(settings) {
  longTasks.length = 0;
  let steps = 0;
  let events = 0;
  let description = '';
  /** Longest time between two turns of the page. */
  let gap = 0;
  let turned = performance.now();
  const watch = setInterval(() => {
    gap = Math.max(gap, performance.now() - turned);
    turned = performance.now();
  }, 5);
  const fit = client.fit(settings);
  for await (const event of fit) {
    if (event.type === 'start') description = event.executor.description;
    if (event.type !== 'step') continue;
    steps += event.merged.steps;
    events++;
    document.body.textContent = `step ${event.step}, loss ${event.merged.loss.toFixed(4)}`;
    await new Promise((resolve) => requestAnimationFrame(resolve));
  }
  clearInterval(watch);
  const { epochs } = await fit.result;
  return {
    rates: epochs.slice(1).map(({ itPerSecond }) => itPerSecond),
    description,
    steps,
    events,
    gap,
    longTasks,
  };
}

Object.assign(globalThis, { train });
