// @ts-check
// `npm run version-packages`: turns the changesets into the next version, and what they say into its section of CHANGELOG.md.
// All packages share one version, so one list of changes says it all.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { nextChangelog } from './lib/changelog.mjs';
import { root } from './lib/workspace.mjs';

/** @param {string[]} args */
function changeset(...args) {
  const program = join(root, 'node_modules', '@changesets', 'cli', 'bin.js');
  const { status } = spawnSync(process.execPath, [program, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}

const path = (/** @type {string[]} */ ...names) => join(root, ...names);
const folder = mkdtempSync(path('node_modules', '.cache', 'version-'));
const file = join(folder, 'status.json');
changeset('status', '--output', relative(root, file));
const status = JSON.parse(readFileSync(file, 'utf8'));
rmSync(folder, { recursive: true, force: true });
if (status.changesets.length === 0) {
  console.log('There are no changesets.');
  process.exit(0);
}
changeset('version');

const { version } = JSON.parse(readFileSync(path('packages', 'core', 'package.json'), 'utf8'));
const old = existsSync(path('CHANGELOG.md')) ? readFileSync(path('CHANGELOG.md'), 'utf8') : '';
const date = new Date().toISOString().slice(0, 10);
writeFileSync(path('CHANGELOG.md'), nextChangelog(old, version, date, status.changesets));
const citation = readFileSync(path('CITATION.cff'), 'utf8');
writeFileSync(
  path('CITATION.cff'),
  citation
    .replace(/^version: .*$/m, `version: ${version}`)
    .replace(/^(date-released: .*\n)?(?=license:)/m, `date-released: ${date}\n`),
);
