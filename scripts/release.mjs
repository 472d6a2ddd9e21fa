// @ts-check
// `npm run release`: packs the packages, checks what was packed, and publishes what the registry does not have yet.
// `npm run release -- --dry-run` does all of that but publish.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ensureBuilt } from './lib/build.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { packAll } from './lib/pack.mjs';
import { checkPackages } from './lib/package-checks.mjs';
import { lintPackages } from './lib/publint.mjs';
import { typeFindings } from './lib/types-wrong.mjs';
import { root } from './lib/workspace.mjs';

const { values } = parseArgs({ options: { 'dry-run': { type: 'boolean', default: false } } });
const dryRun = values['dry-run'];
const shell = process.platform === 'win32';
if (!ensureInstalled() || !ensureBuilt()) process.exit(1);

const folder = mkdtempSync(join(tmpdir(), 'mnist-kit-release-'));
try {
  process.exitCode = await release();
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function release() {
  const packed = packAll(folder);
  const { sizes, findings } = checkPackages();
  findings.push(...(await lintPackages()), ...packed.flatMap(leftOver), ...notVersioned());
  for (const { manifest, tarball } of packed)
    findings.push(...(await typeFindings(manifest.name, readFileSync(tarball))));

  console.table(
    packed.map(({ manifest, tarball }) => ({
      package: manifest.name,
      version: manifest.version,
      'code, gzip': sizes[manifest.name],
      tarball: statSync(tarball).size,
      'is published': isPublished(manifest),
    })),
  );
  const unsigned = packed.filter(({ manifest }) => manifest.repository === undefined);
  if (unsigned.length > 0)
    console.log(
      `Without provenance, which needs \`repository\` in package.json: ${unsigned.length} packages.`,
    );
  for (const finding of findings) console.error(finding);
  if (findings.length > 0) {
    console.error(`Nothing is published: ${findings.length} findings.`);
    return 1;
  }
  if (dryRun) {
    console.log('Every check passed. Nothing was published: this is a dry run.');
    return 0;
  }
  const changeset = join(root, 'node_modules', '@changesets', 'cli', 'bin.js');
  return spawnSync(process.execPath, [changeset, 'publish'], { cwd: root, stdio: 'inherit' }).status ?? 1;
}

/** What only this workspace understands. @param {import('./lib/pack.mjs').Packed} packed @returns {string[]} */
function leftOver({ manifest, tarball }) {
  const { stdout } = spawnSync('tar', ['-xzOf', tarball, 'package/package.json'], {
    encoding: 'utf8',
    shell,
  });
  return stdout.includes('workspace:') ? [`${manifest.name}: its package.json depends on the workspace`] : [];
}

/** Changes that no version has yet: a release would leave them out. @returns {string[]} */
function notVersioned() {
  if (dryRun) return [];
  const { stdout } = spawnSync('git', ['ls-files', '.changeset/*.md'], { cwd: root, encoding: 'utf8' });
  return stdout.trim() === '' ? [] : ['There are changesets: run `npm run version-packages` first.'];
}

/** @param {{ name: string, version: string }} manifest @returns {string} */
function isPublished({ name, version }) {
  const { status, stdout, stderr } = spawnSync('npm', ['view', `${name}@${version}`, 'version'], {
    encoding: 'utf8',
    shell,
  });
  if (status === 0) return stdout.trim() === '' ? 'no' : 'yes';
  return stderr.includes('E404') ? 'no' : 'unknown';
}
