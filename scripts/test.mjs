// @ts-check
// `npm test`: installs, builds, type-checks, lints, tests. What is up to date is not installed or built again.
// Plain Node: before the install there is no dependency to lean on.
//
// Each check counts as one test. Arguments go to vitest: `npm test -- packages/optim`.
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { requireNode } from './lib/node-version.mjs';
import { checkPackages } from './lib/package-checks.mjs';
import { lintPackages } from './lib/publint.mjs';
import { cacheFolder } from './lib/stamps.mjs';
import { vitestCounts } from './lib/vitest-counts.mjs';
import { root } from './lib/workspace.mjs';

const counts = { passed: 0, failed: 0, skipped: 0 };
/** @type {string[]} */
const failures = [];

/** Runs a tool of node_modules with this Node; returns its exit status. @param {string} tool @param {string[]} args */
function run(tool, args) {
  return spawnSync(process.execPath, [join(root, 'node_modules', tool), ...args], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  }).status;
}

/** Runs one check and counts it as one test. @param {string} name @param {() => boolean | Promise<boolean>} work */
async function check(name, work) {
  console.log(`\n— ${name}`);
  let ok = false;
  try {
    ok = await work();
  } catch (error) {
    console.error(error);
  }
  if (ok) counts.passed += 1;
  else {
    counts.failed += 1;
    failures.push(name);
  }
  return ok;
}

function finish() {
  if (failures.length > 0) console.log(`\nFailed: ${failures.join(', ')}`);
  const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : '';
  console.log(`\n${counts.passed} passed, ${counts.failed} failed${skipped}`);
  process.exit(counts.failed > 0 ? 1 : 0);
}

requireNode();
if (!(await check('install', ensureInstalled))) finish();
if (!(await check('build', ensureBuilt))) finish();

await check('type-check of tests, examples and docs', () => {
  const buildInfo = join(cacheFolder, 'check.tsbuildinfo');
  return (
    run('typescript/bin/tsc', [
      '-p',
      'tsconfig.check.json',
      '--incremental',
      '--tsBuildInfoFile',
      buildInfo,
    ]) === 0
  );
});

await check('format and lint', () => run('@biomejs/biome/bin/biome', ['check', '.']) === 0);

await check('packages: publint, sizes, nothing that runs when they are installed', async () => {
  const findings = [...(await lintPackages()), ...checkPackages().findings];
  for (const finding of findings) console.error(finding);
  return findings.length === 0;
});

console.log('\n— tests');
const report = join(cacheFolder, 'vitest.json');
rmSync(report, { force: true });
const status = run('vitest/vitest.mjs', [
  'run',
  '--reporter=default',
  '--reporter=json',
  `--outputFile.json=${report}`,
  ...process.argv.slice(2),
]);
const tests = vitestCounts(report, status);
counts.passed += tests.passed;
counts.failed += tests.failed;
counts.skipped += tests.skipped;
if (tests.failed > 0) failures.push(`${tests.failed} in vitest`);
finish();
