// `npm run test:runtimes`: the same training in every runtime that can be had here must give the same bits:
// Node 20, 22, 24 and 26, those after 20 with 256-bit vectors too, Node on arm64 under qemu, Chromium with V8's
// packing of vectors and without: there in a page's bundle, under a strict Content-Security-Policy, in a worker, by the
// Trainer. What cannot be had is skipped with a note.
//
// The hashes to meet are packages/engine/src/__tests__/fixtures/golden-bits.json; scripts/bits/train.mjs tells
// when and how they are written anew. Arguments choose runtimes: `npm run test:runtimes -- node22 arm64`.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { hashesInBrowser } from './bits/in-browser.mjs';
import { hashesInNode } from './bits/in-node.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { installedNode } from './lib/from-npm.mjs';
import { programInPath } from './lib/in-path.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { root } from './lib/workspace.mjs';

const arm64Libraries = '/usr/aarch64-linux-gnu';
const golden = JSON.parse(
  readFileSync(join(root, 'packages/engine/src/__tests__/fixtures/golden-bits.json'), 'utf8'),
);
/** Runs of a few steps, for machines that are emulated. */
const short = golden.filter(({ steps }) => steps < 10);

/** A runtime that cannot be had here; no failure. */
class Unavailable extends Error {}

const runtimes = {
  node20: () => inNode('20'),
  node22: () => inNode('22'),
  node24: () => inNode('24'),
  node26: () => inNode('26'),
  arm64,
  chromium,
};

const rows = [];
const skipped = [];
let failures = 0;

const chosen = process.argv.length > 2 ? process.argv.slice(2) : Object.keys(runtimes);
const unknown = chosen.filter((name) => !Object.hasOwn(runtimes, name));
if (unknown.length > 0) {
  console.error(`Unknown runtime ${unknown.join(', ')}. There are: ${Object.keys(runtimes).join(', ')}.`);
  process.exit(2);
}
if (!ensureInstalled() || !ensureBuilt()) process.exit(1);
for (const name of chosen) {
  console.error(`${name} …`);
  try {
    await runtimes[name]();
  } catch (error) {
    if (error instanceof Unavailable) skipped.push(`${name}: ${error.message}`);
    else {
      failures += 1;
      console.error(`${name} failed: ${error.stack ?? error}`);
    }
  }
}
for (const note of skipped) console.log(`skipped  ${note}`);
if (rows.length > 0) console.table(rows);
const differing = rows.filter((row) => row.same === 'NO').length;
console.log(
  `${rows.length - differing} the same, ${differing} different, ${failures} failed, ${skipped.length} skipped`,
);
process.exit(differing + failures > 0 || rows.length === 0 ? 1 : 0);

/** Adds what one runtime gave for one run with several thread counts: one row per hash. */
function record(runtime, arch, { net, steps, batch, sha256: expected }, hashes) {
  for (const sha256 of new Set(hashes.map((one) => one.sha256))) {
    const threads = hashes.filter((one) => one.sha256 === sha256).map((one) => one.threads);
    const same = sha256 === expected ? 'yes' : 'NO';
    rows.push({
      runtime,
      arch,
      net,
      steps,
      batch,
      threads: threads.join(' '),
      sha256: sha256.slice(0, 16),
      same,
    });
  }
}

async function inNode(major) {
  const here = process.versions.node.split('.')[0] === major;
  const command = [here ? process.execPath : obtain(major).binary];
  await recordNode(command, golden, [1, 2, 3, 8]);
  if (Number(major) >= 22 && process.arch === 'x64') await recordNode(command, golden, [1, 2, 3, 8], 256);
}

async function arm64() {
  if (process.arch === 'arm64') throw new Unavailable('this machine is one, so the others tell');
  const qemu = programInPath('qemu-aarch64');
  if (!qemu || !existsSync(arm64Libraries))
    throw new Unavailable(
      'needs an emulator; on Debian: apt-get install qemu-user libc6-arm64-cross libstdc++6-arm64-cross',
    );
  await recordNode([qemu, '-L', arm64Libraries, obtain('20', 'arm64').binary], short, [1, 2]);
}

async function recordNode(command, runs, threads, vectors = 128) {
  for (const run of runs) {
    const hashes = await hashesInNode(command, run, threads, vectors);
    const width = vectors > 128 ? `, ${vectors} bits` : '';
    record(`Node ${hashes[0].node}${width}`, hashes[0].arch, run, hashes);
  }
}

async function chromium() {
  const executable = ['chromium', 'chromium-browser', 'google-chrome'].map(programInPath).find(Boolean);
  if (!executable) throw new Unavailable('needs chromium or google-chrome in the PATH');
  for (const flags of [[], ['--experimental-wasm-revectorize']]) {
    const { version, hashes } = await hashesInBrowser(executable, golden, [1, 2, 3], flags);
    const runtime = ['Chromium', version, ...flags].join(' ');
    for (const [i, run] of golden.entries()) record(runtime, process.arch, run, hashes[i]);
  }
}

function obtain(major, arch) {
  try {
    return installedNode(major, arch);
  } catch (error) {
    throw new Unavailable(error.message);
  }
}
