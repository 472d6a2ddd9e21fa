// @ts-check
// `npm run bench:browser`: the same training in Chromium, in a worker of a page, and in Node 24 with 128-bit vectors, in
// turns. Says how fast the one is compared with the other, and what kept the page from answering meanwhile.
//
//   npm run bench:browser -- --rounds 5 --steps 100 --threads 2 [--json FILE]
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ensureBuilt } from '../../scripts/lib/build.mjs';
import { installedNode } from '../../scripts/lib/from-npm.mjs';
import { programInPath } from '../../scripts/lib/in-path.mjs';
import { bundlePage, STRICT_POLICY, withPage } from '../../scripts/lib/vite-page.mjs';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    /** Of each epoch. */
    steps: { type: 'string', default: '100' },
    /** In each round; the first is not counted. */
    epochs: { type: 'string', default: '3' },
    threads: { type: 'string', default: String(Math.min(8, availableParallelism())) },
    node: { type: 'string', default: '24' },
    json: { type: 'string' },
  },
});
const [rounds, steps, epochs, threads] = [values.rounds, values.steps, values.epochs, values.threads].map(
  Number,
);
for (const [name, count] of Object.entries({ rounds, steps, epochs, threads }))
  if (!Number.isInteger(count) || count < 1) {
    console.error(`--${name} must be a positive integer.`);
    process.exit(2);
  }
if (epochs < 2) {
  console.error(`--epochs must be at least 2: the first is not counted. Received: ${epochs}`);
  process.exit(2);
}
const executable = ['chromium', 'chromium-browser', 'google-chrome'].map(programInPath).find(Boolean);
if (executable === undefined) {
  console.error('Needs chromium or google-chrome in the PATH.');
  process.exit(2);
}
if (!ensureBuilt()) process.exit(1);

const settings = { threads, steps, epochs };
const folder = fileURLToPath(new URL('.', import.meta.url));
const node = installedNode(values.node);
const files = await bundlePage(folder);

/** @typedef {{ rates: number[], description: string }} Round */
/** @type {Round[]} */
const inNode = [];
/** @type {(Round & { steps: number, events: number, gap: number, longTasks: number[] })[]} */
const inPage = [];
const version = await withPage({ executable, files, policy: STRICT_POLICY }, async (page, browser) => {
  for (let round = 1; round <= rounds; round++) {
    const train = () =>
      // @ts-expect-error The page puts it there.
      page.evaluate((/** @type {typeof settings} */ asked) => globalThis.train(asked), settings);
    // Whoever comes second finds a warmer machine.
    const turns = [async () => inPage.push(await train()), async () => inNode.push(trainInNode())];
    for (const turn of round % 2 === 0 ? turns.reverse() : turns) await turn();
    const [page1, node1] = [inPage, inNode].map((list) => median(list.at(-1)?.rates ?? []));
    console.error(`round ${round}: ${page1.toFixed(2)} it/s in the page, ${node1.toFixed(2)} in Node`);
  }
  return browser;
});

const ratios = inPage.map((one, i) => median(one.rates) / median(inNode[i].rates));
const longTasks = inPage.flatMap((one) => one.longTasks);
const summary = {
  ...{ chromium: version, node: node.version, ...settings, rounds },
  description: { page: inPage[0].description, node: inNode[0].description },
  itPerSecond: {
    page: median(inPage.flatMap((one) => one.rates)),
    node: median(inNode.flatMap((one) => one.rates)),
  },
  ratios,
  ratio: median(ratios),
  page: {
    longTasks,
    longestGapMs: Math.max(...inPage.map(({ gap }) => gap)),
    events: inPage.reduce((sum, one) => sum + one.events, 0),
    steps: inPage.reduce((sum, one) => sum + one.steps, 0),
  },
};
console.log(JSON.stringify(summary, null, 2));
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(summary)}\n`);
console.log(
  `Chromium has ${summary.ratio.toFixed(3)} of Node's speed; ` +
    (longTasks.length === 0
      ? 'no task of the page took 50 ms'
      : `${longTasks.length} tasks of the page took over 50 ms`),
);

/** @returns {Round} */
function trainInNode() {
  const program = fileURLToPath(new URL('./in-node.mjs', import.meta.url));
  const { status, stdout, stderr } = spawnSync(node.binary, [program, JSON.stringify(settings)], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`Node ended with exit code ${status}: ${stderr}`);
  return JSON.parse(stdout);
}

/** @param {readonly number[]} list */
function median(list) {
  const sorted = [...list].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
