/** `npm run test:chaos`: see `--help`. */
import { spawnSync } from 'node:child_process';
import { chmodSync, cpSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Abilities } from '../../packages/trainer/src/__tests__/chaos/disturbance.js';
import { drawRound, type RoundReport, runRound } from '../../packages/trainer/src/__tests__/chaos/round.js';
import { makeFolder, Undisturbed } from '../../packages/trainer/src/__tests__/chaos/undisturbed.js';
import { Children } from '../../packages/trainer/src/__tests__/children/start.js';
import { SmallDisk } from './disk.js';
import { describe, slowest, tally } from './tally.js';

const HELP = `Random trainings in processes that are killed, starved and robbed of their files, one after another, until one ends.

  npm run test:chaos -- [options]

  --rounds N     how many rounds (500)
  --seed N       another seed draws other rounds (1)
  --round N      this round alone
  --lanes N      rounds at a time (2)
  --keep FOLDER  where folders of rounds that fail are kept (a temporary folder)

Every round must end with the bits of the same training undisturbed, or say with a typed error why it cannot go on;
a state that was whole stays until a newer one is; nothing hangs; nothing is left behind.
Filling disks needs root (a tmpfs is mounted); what this machine cannot do is left out, and said: other rounds are
drawn then.
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '500' },
    seed: { type: 'string', default: '1' },
    round: { type: 'string' },
    lanes: { type: 'string', default: '2' },
    keep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}

const NOBODY = 65534;
const seed = Number(values.seed);
const children = join(process.cwd(), 'packages/trainer/src/__tests__/children');
const upset = join(children, 'upset.mjs');
const trainings = new Children(join(children, 'train.mjs'));
const root = mkdtempSync(join(tmpdir(), 'chaos-'));
chmodSync(root, 0o755);
const keep = values.keep ?? `${root}-kept`;
const user = process.getuid?.() === 0 && nobodyCanRead() ? NOBODY : undefined;
const disks: SmallDisk[] = [];
const lanes = values.round === undefined ? Number(values.lanes) : 1;
const abilities: Abilities = {
  disk: mountDisks(),
  limits: spawnSync('prlimit', ['--version']).error === undefined,
  permissions: user !== undefined || process.getuid?.() !== 0,
};
for (const [ability, has] of Object.entries(abilities)) if (!has) console.log(`Left out here: ${ability}.`);

const reports: RoundReport[] = [];
const undisturbed = new Undisturbed(trainings, root, user);
const numbers =
  values.round === undefined
    ? Array.from({ length: Number(values.rounds) }, (_, i) => i + 1)
    : [Number(values.round)];
const started = Date.now();
let stopping = false;
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    stopping = true;
    numbers.length = 0;
    trainings.killAll();
  });
try {
  await Promise.all(Array.from({ length: lanes }, (_, lane) => work(lane)));
} finally {
  trainings.killAll();
  for (const disk of disks) disk.unmount();
  rmSync(root, { recursive: true, force: true });
}
console.table(tally(reports));
console.log(`Slowest: ${slowest(reports, 3).join('; ')}`);
const ends = { 'same bits': 0, refused: 0, finding: 0 };
for (const { end } of reports) ends[end]++;
const processes = reports.reduce((sum, { steps }) => sum + steps.length, 0);
console.log(
  `seed ${seed}: ${reports.length} rounds, ${processes} processes in ${Math.round((Date.now() - started) / 1000)} s: ` +
    `${ends['same bits']} ended with the same bits, ${ends.refused} said that nothing is left to go on from, ` +
    `${ends.finding} failed${ends.finding > 0 ? `; their folders are in ${keep}` : ''}`,
);
process.exitCode = ends.finding > 0 ? 1 : 0;

async function work(lane: number): Promise<void> {
  for (let number = numbers.shift(); number !== undefined; number = numbers.shift()) {
    const round = drawRound(seed, number, abilities);
    const disk = round.chain.flat().some(({ kind }) => kind === 'full disk') ? disks[lane] : undefined;
    const folder = makeFolder(join(disk?.folder ?? root, `round-${number}`), user);
    const place = {
      run: join(folder, 'run'),
      out: join(makeFolder(join(root, `out-${number}`), user), 'out.json'),
    };
    const report = await runRound(round, { place, undisturbed, children: trainings, upset, disk, user });
    if (stopping) return;
    reports.push(report);
    if (report.end === 'finding') {
      console.log(describe(report));
      const kept = join(keep, `seed-${seed}-round-${number}`);
      cpSync(folder, kept, { recursive: true });
      if (existsSync(place.out)) cpSync(place.out, join(kept, 'out.json'));
      writeFileSync(join(kept, 'report.json'), JSON.stringify(report, null, 2));
    } else if (values.round !== undefined) console.log(describe(report));
    if (reports.length % 50 === 0) console.error(`${reports.length} rounds`);
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether another user than root may run what is here. */
function nobodyCanRead(): boolean {
  const { status } = spawnSync(process.execPath, ['--check', join(children, 'train.mjs')], {
    uid: NOBODY,
    gid: NOBODY,
  });
  return status === 0;
}

function mountDisks(): boolean {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return false;
  try {
    for (let lane = 0; lane < lanes; lane++) disks.push(new SmallDisk(join(root, `disk-${lane}`)));
    return true;
  } catch {
    return false;
  }
}
