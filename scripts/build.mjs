// Builds the packages named on the command line, or all of them: declarations by `tsc -b`
// (which is also the type check), JavaScript by tsup.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'tsup';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const all = readdirSync(join(root, 'packages'));
const names = process.argv.length > 2 ? process.argv.slice(2) : all;
const unknown = names.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`Unknown package ${unknown.join(', ')}. The packages are: ${all.join(', ')}.`);
  process.exit(2);
}

const tsc = spawnSync(
  process.execPath,
  [join(root, 'node_modules/typescript/bin/tsc'), '-b', ...names.map((name) => join(root, 'packages', name))],
  { stdio: 'inherit' },
);
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

for (const name of names) {
  const folder = join(root, 'packages', name);
  const { exports } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  // Every public subpath `./x` is built from `src/x.ts`; `.` from `src/index.ts`.
  const entries = Object.values(exports)
    .filter((target) => typeof target === 'object')
    .map((target) => target.default.replace('./dist/', '').replace(/\.js$/, ''));
  await build({
    config: false,
    silent: true,
    entry: Object.fromEntries(entries.map((entry) => [entry, join(folder, 'src', `${entry}.ts`)])),
    outDir: join(folder, 'dist'),
    tsconfig: join(folder, 'tsconfig.json'),
    format: ['esm'],
    target: 'es2022',
    platform: 'neutral',
    sourcemap: true,
    splitting: true,
    clean: false,
    dts: false,
    external: [/^node:/, /^@mnist-kit\//, /^@tensorflow\//],
    skipNodeModulesBundle: true,
  });
}
