// `npm run test:fuzz`: mutated and generated inputs for every parser of the project. `--help` tells more.
import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'tsup';
import { ensureBuilt } from './lib/build.mjs';
import { root } from './lib/workspace.mjs';

if (!ensureBuilt()) process.exit(1);

// Under node_modules, where it finds the packages. A folder of its own, for several may run at once.
const folder = join(root, 'node_modules', '.cache', 'mnist-kit', 'fuzz', `build-${process.pid}`);
await build({
  config: false,
  silent: true,
  entry: {
    main: join(root, 'scripts', 'fuzz', 'main.ts'),
    child: join(root, 'scripts', 'fuzz', 'child.ts'),
  },
  outDir: folder,
  format: ['esm'],
  outExtension: () => ({ js: '.mjs' }),
  target: 'es2022',
  platform: 'node',
  sourcemap: true,
  splitting: false,
  clean: true,
  dts: false,
  external: [/^@mnist-kit\/(?!example-)/, /^@tensorflow\//, 'fast-check'],
  // What the example needs and is not found from here.
  noExternal: ['commander', /^@mnist-kit\/example-/],
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
});

const child = spawn(
  process.execPath,
  ['--enable-source-maps', join(folder, 'main.mjs'), ...process.argv.slice(2)],
  { stdio: 'inherit' },
);
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('exit', (code) => {
  rmSync(folder, { recursive: true, force: true });
  process.exit(code ?? 1);
});
