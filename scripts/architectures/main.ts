/** `npm run test:architectures`: see `--help`. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { useBackend } from '@mnist-kit/engine';
import { writeSafetensors } from '@mnist-kit/models';
import { runArchitecture } from '../../packages/engine/src/__tests__/architectures/run.js';
import { executors, type Outcome, outcomeOf } from './executors.js';
import { writeFixtures } from './fixtures.js';
import { generate } from './generate.js';
import { drawInputs } from './inputs.js';
import { findPython, PyTorch } from './pytorch.js';
import { details, failed, type NetReport, reasons, summary, verdictOf, worstTensors } from './report.js';

const HELP = `Random architectures on every executor against PyTorch in float64.

  npm run test:architectures -- [options]

  --count N      how many architectures (200)
  --seed N       seed of the first; the others follow it (1)
  --only N       this seed alone, with all its layers and tensors
  --verbose      the same for every architecture that fails
  --executor E   only this executor: ${Object.keys(executors).join(', ')}; may be repeated
  --keep FOLDER  keep the specifications, inputs and results there
  --fixtures     write a sample of those that pass as the fixtures of the engine's tests

Every tensor (loss, outputs, gradients, running statistics, outputs of an inference after the step) is
  close     within 1e-4 of its largest value,
  rounding  within 10 times PyTorch's own float32 error,
  kink      met once decisions of ReLUs or maxima that lie within rounding are turned over in float64, or
  far       none of these: a failure.
`;

const { values: options } = parseArgs({
  options: {
    count: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    only: { type: 'string' },
    verbose: { type: 'boolean', default: false },
    executor: { type: 'string', multiple: true, default: Object.keys(executors) },
    keep: { type: 'string' },
    fixtures: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (options.help) {
  console.log(HELP);
  process.exit();
}

const first = Number(options.only ?? options.seed);
const count = options.only === undefined ? Number(options.count) : 1;
// The command runs from a bundle; the scripts lie where the sources are.
const root = process.cwd();
const torch = new PyTorch(await findPython(), join(root, 'scripts', 'architectures', 'torch'));
const folder = options.keep ?? (await mkdtemp(join(tmpdir(), 'architectures-')));
await mkdir(folder, { recursive: true });
const reports: NetReport[] = [];
try {
  const waiting: Omit<NetReport, 'torch'>[] = [];
  const collect = async () => {
    const next = waiting.shift()!;
    const report = { ...next, torch: await torch.answer() };
    reports.push(report);
    const broken = options.executor.some((executor) => failed(report, executor));
    const verdicts = options.executor.map((executor) => `${executor} ${verdictOf(report, executor)}`);
    console.error(`seed ${report.architecture.seed}: ${verdicts.join(', ')}`);
    if (options.only !== undefined || (options.verbose && broken))
      console.log(`${details(report, options.executor)}\n`);
  };
  for (let seed = first; seed < first + count; seed++) {
    waiting.push(await runOne(seed));
    // PyTorch works on one while the next one runs here.
    if (waiting.length > 2) await collect();
  }
  while (waiting.length > 0) await collect();
  if (options.fixtures) {
    const target = join(root, 'packages/engine/src/__tests__/fixtures/architectures');
    const seeds = await writeFixtures(reports, options.executor, { folder, target, most: 14 });
    console.log(`Fixtures: seeds ${seeds.join(', ')}\n`);
  }
} finally {
  torch.close();
  if (options.keep === undefined) await rm(folder, { recursive: true, force: true });
}

console.table(summary(reports, options.executor));
for (const [title, lines] of [
  ['Refused:', reasons(reports, 'refused')],
  ['Errors:', reasons(reports, 'error')],
  ['Worst tensors:', worstTensors(reports, options.executor, 40)],
] as const)
  if (lines.length > 0) console.log([title, ...lines, ''].join('\n'));
const failures = reports.filter((report) => options.executor.some((executor) => failed(report, executor)));
console.log(`${reports.length} architectures, ${failures.length} failed`);
process.exitCode = failures.length > 0 ? 1 : 0;

/** Runs a net on the executors, leaves what they computed in the folder, and asks PyTorch. */
async function runOne(seed: number): Promise<Omit<NetReport, 'torch'>> {
  await useBackend('cpu');
  const generated = generate(seed);
  const { architecture } = generated;
  const inputs = drawInputs(generated);
  const base = join(folder, String(seed));
  await writeFile(`${base}.inputs.safetensors`, writeSafetensors(inputs));
  const outcomes: Record<string, Outcome> = {};
  const ran: string[] = [];
  for (const executor of options.executor) {
    try {
      const results = await runArchitecture(architecture, inputs, (model) =>
        executors[executor](model, architecture),
      );
      await writeFile(`${base}.${executor}.safetensors`, writeSafetensors(results));
      ran.push(executor);
    } catch (error) {
      outcomes[executor] = outcomeOf(error);
    }
  }
  await writeFile(`${base}.json`, JSON.stringify({ architecture, executors: ran }));
  torch.ask(`${base}.json`);
  return { architecture, outcomes };
}
