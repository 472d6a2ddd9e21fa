// @ts-check
// `npm run test:install`: the packages as people get them. Packs them, publishes them to a registry on this machine,
// installs them into empty projects outside of this repository with every package manager on every Node, and uses
// them as ES modules, by `require` and from TypeScript. Needs npm's registry for what the packages depend on.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { cells, declarationsPass } from './install/cells.mjs';
import { managers, runIn } from './install/managers.mjs';
import { projectFiles } from './install/project.mjs';
import { startRegistry } from './install/registry.mjs';
import { ensureBuilt } from './lib/build.mjs';
import { installedNode } from './lib/from-npm.mjs';
import { ensureInstalled } from './lib/install.mjs';
import { packAll } from './lib/pack.mjs';

const usage = `npm run test:install -- [options]
  --node MAJOR|PATH   a Node to try, from npm or a program of yours; may be repeated (20, 22 and 24)
  --manager NAME      ${Object.keys(managers).join(', ')}; may be repeated (all)
  --keep              leave the projects where they are`;

const { values } = parseArgs({
  options: {
    node: { type: 'string', multiple: true, default: ['20', '22', '24'] },
    manager: { type: 'string', multiple: true, default: Object.keys(managers) },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const unknown = values.manager.filter((name) => !Object.hasOwn(managers, name));
if (values.help || unknown.length > 0) {
  if (unknown.length > 0) console.error(`Unknown package manager ${unknown.join(', ')}.`);
  console.log(usage);
  process.exit(values.help ? 0 : 2);
}
if (!ensureInstalled() || !ensureBuilt()) process.exit(1);

/** @type {Record<string, string>[]} */
const table = [];
let failures = 0;
const home = mkdtempSync(join(tmpdir(), 'mnist-kit-install-'));
const registry = await startRegistry(join(home, 'registry'));
try {
  const packed = packAll(join(home, 'tarballs'));
  await publish(packed);
  for (const wanted of values.node) {
    const node = /^\d+$/.test(wanted) ? installedNode(wanted).binary : wanted;
    const version = (await runIn(home, node, ['--version'])).output.trim().slice(1);
    const first = table.length === 0;
    await Promise.all(values.manager.map((name, i) => tryOne(name, node, version, packed, first && i === 0)));
  }
} finally {
  await registry.stop();
  if (values.keep) console.log(`The projects are in ${home}.`);
  else rmSync(home, { recursive: true, force: true });
}
console.table(table);
console.log(`${table.length} installs, ${failures} failures`);
process.exit(failures > 0 ? 1 : 0);

/** @param {import('./lib/pack.mjs').Packed[]} packed */
async function publish(packed) {
  const folder = join(home, 'publish');
  mkdirSync(folder);
  // npm wants a token; the registry takes anybody's.
  const host = registry.url.replace('http:', '');
  writeFileSync(join(folder, '.npmrc'), `registry=${registry.url}\n${host}:_authToken=anybody\n`);
  const npm = managers.npm.program(process.versions.node.split('.')[0]);
  for (const { manifest, tarball } of packed) {
    const { code, output } = await runIn(folder, process.execPath, [npm, 'publish', tarball]);
    if (code !== 0) throw new Error(`${manifest.name} cannot be published:\n${output}`);
  }
}

/**
 * Installs the packages with one manager on one Node, tries every cell, and adds a row to the table.
 *
 * @param {string} name
 * @param {string} node
 * @param {string} version
 * @param {import('./lib/pack.mjs').Packed[]} packed
 * @param {boolean} first Whether to read the declarations too, which are the same files everywhere.
 */
async function tryOne(name, node, version, packed, first) {
  const major = version.split('.')[0];
  const manager = managers[name];
  const folder = join(home, `${name.replace(' ', '-')}-node-${major}`);
  mkdirSync(folder);
  const files = { ...projectFiles(packed), ...manager.files(registry.url, join(home, 'caches')) };
  for (const [file, content] of Object.entries(files)) writeFileSync(join(folder, file), content);

  const program = manager.program(major);
  /** @type {Record<string, string>} */
  const row = {
    Node: version,
    manager: `${name.split(' ')[0]} ${(await runIn(folder, node, [program, '--version'])).output.trim()}`,
  };
  table.push(row);
  const peers = ['@tensorflow/tfjs-core', '@tensorflow/tfjs-layers'];
  const compilers = [
    'typescript-oldest@npm:typescript@5.4',
    'typescript-newest@npm:typescript@latest',
    '@types/node@20',
  ];
  const packages = [...packed.map(({ manifest }) => manifest.name), ...peers, ...compilers];
  const project = {
    folder,
    node,
    bins: Object.assign({}, ...packed.map(({ manifest }) => binsOf(manifest))),
  };

  /** @type {Record<string, () => Promise<void>>} */
  const steps = {
    install: async () => {
      const { code, output } = await runIn(folder, node, [program, ...manager.add(packages)]);
      if (code !== 0) throw new Error(`${program} ended with ${code}:\n${output}`);
    },
    ...Object.fromEntries(Object.entries(cells).map(([cell, work]) => [cell, () => work(project)])),
    ...(first ? { declarations: () => declarationsPass(project) } : {}),
  };
  for (const [step, work] of Object.entries(steps)) {
    try {
      await work();
      row[step] = 'ok';
    } catch (error) {
      row[step] = 'FAILED';
      failures += 1;
      console.error(`${row.manager}, Node ${version}, ${step}: ${/** @type {Error} */ (error).message}`);
      if (step === 'install') return;
    }
  }
  console.error(
    Object.entries(row)
      .map(([key, value]) => `${key} ${value}`)
      .join(', '),
  );
}

/** @param {any} manifest @returns {Record<string, string>} Programs of a package, by name. */
function binsOf({ name, bin = {} }) {
  const programs = typeof bin === 'string' ? { [name]: bin } : bin;
  return Object.fromEntries(Object.entries(programs).map(([program, file]) => [program, join(name, file)]));
}
