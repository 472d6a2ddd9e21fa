import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installedPackage } from '../../lib/from-npm.mjs';
import { packages } from '../../lib/workspace.mjs';
import { ProgramFolder } from '../programs.js';
import { bundle, everyCase } from './chromium.js';

// The command line is a program for Node.
const names = packages.filter((name: string) => name !== 'cli').map((name: string) => `@mnist-kit/${name}`);
const app = [
  ...names.map((name: string, i: number) => `import * as package${i} from '${name}';`),
  `console.log(${names.map((_: string, i: number) => `package${i}`).join(', ')});`,
].join('\n');

/** What only Node has: its modules. */
const nodes = /\b(from|import)\s*\(?\s*["'`]node:/;

test('esbuild makes a page of an app that imports every package, without a warning', async () => {
  const { code, warnings } = await bundle(app);
  expect(warnings).toEqual([]);
  expect(code.match(nodes)).toBeNull();
});

test('an app that imports one package has of the others what that one needs', async () => {
  const { code } = await bundle(
    `import { Generator } from '@mnist-kit/core'; console.log(new Generator(1).rand(3));`,
  );
  expect(code).not.toMatch(/getDirectory|WebAssembly|DecompressionStream/);
});

// These take their time: `npm run test:browser`.
describe.runIf(everyCase)('of an app in a folder', () => {
  const folder = new ProgramFolder('bundled-app');
  beforeAll(async () => {
    await folder.create();
    await mkdir(join(folder.path, 'src'));
    await writeFile(join(folder.path, 'package.json'), '{ "type": "module" }');
    await writeFile(
      join(folder.path, 'index.html'),
      '<!doctype html><title>app</title><script type="module" src="/src/main.js"></script>',
    );
    await writeFile(join(folder.path, 'src', 'main.js'), app);
  });
  afterAll(() => folder.remove());

  // The one that tests run on, and the one that the site of the documentation is made by.
  test.each(['vitest', 'vitepress'])(
    'Vite makes a page, without a warning, as %s has it',
    { timeout: 600_000 },
    async (owner) => {
      const { resolve } = createRequire(createRequire(import.meta.url).resolve(`${owner}/package.json`));
      const vite = await import(pathToFileURL(resolve('vite')).href);
      const warnings: string[] = [];
      const warn = (message: string) => {
        // Of the size of TensorFlow.js, and of its backend, which models import and the engine may have to.
        if (!/larger than \d+ kB|INEFFECTIVE_DYNAMIC_IMPORT|dynamically imported by/.test(message))
          warnings.push(message);
      };
      const customLogger = { ...vite.createLogger('silent'), warn, warnOnce: warn };
      const result = await vite.build({
        root: folder.path,
        configFile: false,
        customLogger,
        build: { write: false, minify: false },
      });
      const { output } = [result].flat()[0] as { output: { code?: string }[] };
      expect(warnings).toEqual([]);
      expect(
        output
          .map(({ code = '' }) => code)
          .join('\n')
          .match(nodes),
      ).toBeNull();
    },
  );

  // It is no dependency of this repository, and comes from npm.
  test('webpack makes a page, without a warning', { timeout: 600_000 }, async () => {
    const { default: webpack } = await import(
      pathToFileURL(join(installedPackage('webpack', '5'), 'lib', 'index.js')).href
    );
    const path = join(folder.path, 'dist');
    const settings = { mode: 'production', context: folder.path, entry: './src/main.js', output: { path } };
    const stats = await new Promise<{ toJson(): Record<'warnings' | 'errors', { message: string }[]> }>(
      (resolve, reject) =>
        webpack(
          { ...settings, performance: false, optimization: { minimize: false } },
          (error: unknown, done: never) => (error ? reject(error) : resolve(done)),
        ),
    );
    const { warnings, errors } = stats.toJson();
    expect([...errors, ...warnings].map(({ message }) => message)).toEqual([]);
    const files = readdirSync(path).filter((name) => name.endsWith('.js'));
    expect(
      files
        .map((name) => readFileSync(join(path, name), 'utf8'))
        .join('\n')
        .match(nodes),
    ).toBeNull();
  });
});
