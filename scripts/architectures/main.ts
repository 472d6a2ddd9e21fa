/** `npm run test:architectures`: see `--help`. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { useBackend } from '@mnist-kit/engine';
import { executors } from './executors.js';
import { writeFixtures } from './fixtures.js';
import { generate } from './generate.js';
import { drawInputs } from './inputs.js';
import { findPython } from './pytorch.js';
import { details, failed, type NetReport, reasons, summary, verdictOf, worstTensors } from './report.js';
import { Session } from './session.js';
import { shrink } from './shrink.js';

const HELP = `Random architectures on every executor against PyTorch in float64.

  npm run test:architectures -- [options]

  --count N      how many architectures (200)
  --seed N       seed of the first; the others follow it (1)
  --only N       this seed alone, with all its layers and tensors
  --verbose      the same for every architecture that fails
  --executor E   only this executor: ${Object.keys(executors).join(', ')}; may be repeated
  --keep FOLDER  keep the specifications, inputs and results there
  --shrink       leave layers out of every net that fails, as long as it goes on failing
  --fixtures     write a sample of those that pass as the fixtures of the engine's tests

Every tensor (loss, outputs, gradients, running statistics, outputs of an inference after the step) is
  close     within 1e-4 of its largest value,
  rounding  within 10 times PyTorch's own float32 error (a gradient that is zero: within 1e-6 of the net's largest),
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
    shrink: { type: 'boolean', default: false },
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
const names = options.executor;
const root = process.cwd();
const folder = options.keep ?? (await mkdtemp(join(tmpdir(), 'architectures-')));
await mkdir(folder, { recursive: true });
const scripts = join(root, 'scripts', 'architectures', 'torch');
const session = new Session(folder, names, await findPython(), scripts);
const reports: NetReport[] = [];
try {
  for (let seed = first; seed < first + count; seed++) {
    await useBackend('cpu');
    const generated = generate(seed);
    await session.run(generated.architecture, drawInputs(generated));
    // PyTorch works on one while the next one runs here.
    if (session.waiting > 2) await collect();
  }
  while (session.waiting > 0) await collect();
  if (options.fixtures) {
    const target = join(root, 'packages/engine/src/__tests__/fixtures/architectures');
    const seeds = await writeFixtures(reports, names, { folder, target, most: 16 });
    console.log(`Fixtures: seeds ${seeds.join(', ')}\n`);
  }
  if (options.shrink)
    for (const report of reports)
      for (const name of names)
        if (failed(report, name)) console.log(`${details(await shrink(session, report, name), [name])}\n`);
} finally {
  session.close();
  if (options.keep === undefined) await rm(folder, { recursive: true, force: true });
}

console.table(summary(reports, names));
for (const [title, lines] of [
  ['Refused:', reasons(reports, 'refused')],
  ['Errors:', reasons(reports, 'error')],
  ['Worst tensors:', worstTensors(reports, names, 40)],
] as const)
  if (lines.length > 0) console.log([title, ...lines, ''].join('\n'));
const failures = reports.filter((report) => names.some((executor) => failed(report, executor)));
console.log(`${reports.length} architectures, ${failures.length} failed`);
process.exitCode = failures.length > 0 ? 1 : 0;

async function collect(): Promise<void> {
  const report = await session.collect();
  reports.push(report);
  const broken = names.some((name) => failed(report, name));
  const verdicts = names.map((name) => `${name} ${verdictOf(report, name)}`);
  console.error(`seed ${report.architecture.seed}: ${verdicts.join(', ')}`);
  if (options.only !== undefined || (options.verbose && broken)) console.log(`${details(report, names)}\n`);
}
