// `npm run test:chaos`: random trainings in processes that are killed, starved and robbed. `--help` tells more.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { build } from 'tsup';
import { ensureBuilt } from './lib/build.mjs';
import { root } from './lib/workspace.mjs';

if (!ensureBuilt()) process.exit(1);

// Under node_modules, where it finds the packages.
const folder = join(root, 'node_modules', '.cache', 'mnist-kit', 'chaos');
await build({
  config: false,
  silent: true,
  entry: { main: join(root, 'scripts', 'chaos', 'main.ts') },
  outDir: folder,
  format: ['esm'],
  outExtension: () => ({ js: '.mjs' }),
  target: 'es2022',
  platform: 'node',
  sourcemap: true,
  splitting: false,
  clean: true,
  dts: false,
  external: [/^@mnist-kit\//, /^@tensorflow\//],
});

const child = spawn(
  process.execPath,
  ['--enable-source-maps', join(folder, 'main.mjs'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code) => process.exit(code ?? 1));
