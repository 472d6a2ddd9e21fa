/** `npm run test:fuzz`: see `--help`. */
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Campaign, type Finding } from './campaign.js';
import { Corpus } from './corpus.js';
import { findTarget, targets } from './targets/index.js';
import { examine } from './verdict.js';

const HELP = `Mutated and generated inputs for every parser of the project.

  npm run test:fuzz -- [options]

  --minutes N    how long, all targets together (10)
  --count N      instead: so many inputs for each target, always the same ones for a seed
  --seed N       what the inputs are drawn from (1)
  --target NAME  only this one; may be repeated. ${targets.map(({ name }) => name).join(', ')}
  --input FILE   run this input of the one target, as often as it takes to be sure, and say what came of it
  --findings DIR where inputs that show a defect are written (node_modules/.cache/mnist-kit/fuzz/findings)

Every input must be parsed or refused with an error of @mnist-kit/core, within 500 ms and with at most 64 MiB more
memory than four times its size. What was parsed must be written and parsed to the same again. An input that
reaches new code, by V8's block coverage, is kept and mutated further; fast-check makes what fails small. Such
inputs are kept from one run to the next in node_modules/.cache/mnist-kit/fuzz/corpus, but not with --count.
`;

const cache = join(process.cwd(), 'node_modules', '.cache', 'mnist-kit', 'fuzz');
const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    count: { type: 'string' },
    seed: { type: 'string', default: '1' },
    target: { type: 'string', multiple: true, default: targets.map(({ name }) => name) },
    input: { type: 'string' },
    findings: { type: 'string', default: join(cache, 'findings') },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit();
}

const seed = Number(options.seed);
const chosen = options.target.map(findTarget);
if (options.input !== undefined) {
  const defect = await examine(chosen[0].name, seed, new Uint8Array(readFileSync(options.input)));
  console.log(defect === undefined ? 'parsed or refused as it should be' : `${defect.kind}: ${defect.what}`);
  process.exit(defect === undefined ? 0 : 1);
}

const kept = options.count === undefined;
const campaigns = chosen.map(
  (target) =>
    new Campaign(target, seed, new Corpus(kept ? join(cache, 'corpus', target.name) : undefined), report),
);
if (options.count !== undefined)
  for (const campaign of campaigns) await campaign.slice({ count: Number(options.count), guided: false });
else await fuzz(Number(options.minutes) * 60_000);

console.table(Object.fromEntries(campaigns.map(({ target, counts }) => [target.name, row(counts)])));
console.log(
  `${total('inputs')} inputs: ${total('parsed')} parsed, ${total('refused')} refused, ${total('findings')} findings`,
);
process.exitCode = total('findings') > 0 ? 1 : 0;

/** Goes round the targets, so that each has had its time whenever the run is ended. */
async function fuzz(milliseconds: number): Promise<void> {
  const end = performance.now() + milliseconds;
  const slice = Math.min(60_000, milliseconds / campaigns.length / 2);
  let printed = performance.now();
  while (performance.now() < end)
    for (const campaign of campaigns) {
      const until = Math.min(end, performance.now() + slice);
      if (until - performance.now() < 100) break;
      await campaign.slice({ until });
      if (performance.now() < printed + 60_000) continue;
      printed = performance.now();
      console.error(
        `${new Date().toISOString()} ${total('inputs')} inputs, ${total('fresh')} reached new code, ${total('findings')} findings`,
      );
    }
}

function total(name: keyof Campaign['counts']): number {
  return campaigns.reduce((sum, { counts }) => sum + counts[name], 0);
}

function row({ milliseconds, slowest, ...counts }: Campaign['counts']) {
  return { ...counts, 'slowest, ms': Math.round(slowest), seconds: Math.round(milliseconds / 1000) };
}

function report({ target, input, recipe, batchSeed, kind, what }: Finding): void {
  mkdirSync(options.findings, { recursive: true });
  const name = `${target}-${createHash('sha256').update(input).digest('hex').slice(0, 12)}`;
  const path = resolve(options.findings, `${name}.bin`);
  writeFileSync(path, input);
  const command = `npm run test:fuzz -- --target ${target} --seed ${seed} --input ${relative(process.cwd(), path)}`;
  const note = { target, kind, what, seed, batchSeed, recipe, command };
  writeFileSync(
    path.replace(/bin$/, 'json'),
    JSON.stringify(note, (_, value) => (typeof value === 'bigint' ? String(value) : value), 2),
  );
  console.error(`\nFINDING in ${target}, ${kind}: ${what}\n  ${command}\n`);
}
