/** Runs the inputs of one target, in a process of its own that may hang, fill the memory or die. */
import { Coverage } from './coverage.js';
import type { Hello, Reply, Request } from './messages.js';
import { judge } from './target.js';
import { findTarget } from './targets/index.js';

const target = findTarget(process.argv[2]);
const seeds = await target.seeds(Number(process.argv[3]));
const reached = new Set<string>();
let coverage: Coverage | undefined;

async function answer({ inputs, guided }: Request): Promise<Reply> {
  if (guided && coverage === undefined) {
    coverage = new Coverage();
    await coverage.start();
  }
  const outcomes = [];
  for (const input of inputs) outcomes.push(await judge(target, input));
  const fresh: number[] = [];
  if (guided && coverage !== undefined) {
    const added = new Set((await coverage.take()).filter((range) => !reached.has(range)));
    for (const range of added) reached.add(range);
    // Once more one by one, to see which of them it was.
    for (let i = 0; i < inputs.length && added.size > 0; i++) {
      await judge(target, inputs[i]);
      const ranges = await coverage.take();
      if (ranges.some((range) => added.has(range))) fresh.push(i);
      for (const range of ranges) added.delete(range);
    }
  }
  return { outcomes, fresh, reached: reached.size };
}

process.on('message', async (request: Request) => {
  process.send?.(await answer(request));
});
process.on('disconnect', () => process.exit());
process.send?.({ seeds } satisfies Hello);
