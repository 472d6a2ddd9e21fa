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
    await findFresh(inputs, 0, inputs.length, added, fresh);
  }
  return { outcomes, fresh, reached: reached.size };
}

/** Runs the inputs again, half by half, to see which of them it was that reached new code. */
async function findFresh(
  inputs: readonly Uint8Array[],
  from: number,
  to: number,
  added: Set<string>,
  fresh: number[],
): Promise<void> {
  if (added.size === 0 || from === to || coverage === undefined) return;
  for (const input of inputs.slice(from, to)) await judge(target, input);
  const ranges = (await coverage.take()).filter((range) => added.has(range));
  if (ranges.length === 0) return;
  if (to - from === 1) {
    fresh.push(from);
    for (const range of ranges) added.delete(range);
    return;
  }
  const middle = (from + to) >> 1;
  await findFresh(inputs, from, middle, added, fresh);
  await findFresh(inputs, middle, to, added, fresh);
}

process.on('message', async (request: Request) => {
  process.send?.(await answer(request));
});
process.on('disconnect', () => process.exit());
process.send?.({ seeds } satisfies Hello);
