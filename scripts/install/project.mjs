// @ts-check
// A project that uses the packages as people do: as ES modules, by `require`, from TypeScript of either kind.
import { firstProgram, typeScriptBlocks } from '../lib/documented-programs.mjs';

/** @typedef {import('../lib/pack.mjs').Packed} Packed */

/** Every name under which the packages can be imported: `@mnist-kit/core`, `@mnist-kit/core/node`. @param {Packed[]} packed */
export function entryNames(packed) {
  return packed.flatMap(({ manifest }) =>
    Object.entries(manifest.exports ?? {})
      .filter(([, target]) => typeof target === 'object')
      .map(([path]) => manifest.name + path.slice(1)),
  );
}

/** The CommonJS half in TypeScript: it makes what the other half takes. */
const common = `
import { Generator } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import models = require('@mnist-kit/models');
import { Adam } from '@mnist-kit/optim';
import { Trainer } from '@mnist-kit/trainer';

export const generator = new Generator(1);
const optimizer: Adam = new Adam({ lr: 1e-3 });
const layers: number = models.optimizedNet({ generator }).layers.length;
// @ts-expect-error The types are there: they refuse what is wrong.
const wrong = () => new Generator('1');
export const summary = { layers, adam: optimizer instanceof Adam, others: [typeof writeFileAtomic, typeof Trainer] };
`;

const modern = `
import { Generator } from '@mnist-kit/core';
import { optimizedNet } from '@mnist-kit/models';
import { generator, summary } from './common.cjs';

// One copy of the code and of its types: what one module makes the other one takes.
const here: Generator = generator;
console.log(optimizedNet({ generator: here }).layers.length === summary.layers);
// @ts-expect-error The types are there: they refuse what is wrong.
const wrong = () => optimizedNet({ generator: 1 });
`;

/**
 * Loads every entry by \`import\` and by \`require\`: they must be the same objects, and none may be empty.
 *
 * @param {string[]} names
 */
const entries = (names) => `
const assert = require('node:assert');
const load = async () => {
  for (const name of ${JSON.stringify(names)}) {
    const required = require(name);
    const imported = await import(name);
    assert(Object.keys(required).length > 0, name + ' exports nothing');
    for (const [key, value] of Object.entries(required)) assert.strictEqual(value, imported[key], name + ' ' + key);
  }
};
`;

/** Trains some steps on data of its own, by \`require\`. */
const training = `
const { Generator } = require('@mnist-kit/core');
const { arrayDataset, DataLoader } = require('@mnist-kit/datasets');
const { optimizedNet } = require('@mnist-kit/models');
const { nllLoss } = require('@mnist-kit/losses');
const { Adam } = require('@mnist-kit/optim');
const { Trainer } = require('@mnist-kit/trainer');

const train = async () => {
  const generator = new Generator(1);
  const data = arrayDataset({
    images: generator.rand(64 * 784), labels: Uint8Array.from({ length: 64 }, (_, i) => i % 10), shape: [28, 28, 1],
  });
  const model = optimizedNet({ generator });
  const trainer = new Trainer({ model, optimizer: new Adam({ lr: 1e-3 }), loss: nllLoss(), generator });
  const history = await trainer.fit(new DataLoader(data, { batchSize: 16 }), { epochs: 1 });
  const [loss] = history.values('trainLoss');
  assert(loss > 1 && loss < 5, 'loss ' + loss);
};
load().then(train).then(() => console.log('trained'));
`;

/** @type {Record<string, { module: string, moduleResolution?: string }>} */
export const modes = {
  node16: { module: 'node16' },
  nodenext: { module: 'nodenext' },
  bundler: { module: 'preserve', moduleResolution: 'bundler' },
};

/**
 * The files of the project.
 *
 * @param {Packed[]} packed
 * @returns {Record<string, string>}
 */
export function projectFiles(packed) {
  const options = { strict: true, noEmit: true, target: 'es2022', lib: ['es2022', 'dom'], types: ['node'] };
  const configs = Object.entries(modes).map(([name, mode]) => [
    `tsconfig.${name}.json`,
    JSON.stringify({
      compilerOptions: { ...options, ...mode, skipLibCheck: true },
      files: ['first.ts', 'common.cts', 'modern.mts', 'entries.ts'],
    }),
  ]);
  const names = entryNames(packed);
  return {
    'package.json': JSON.stringify({ name: 'a-user', version: '1.0.0', private: true, type: 'module' }),
    'first.ts': typeScriptBlocks('README.md')[0],
    'first.mjs': firstProgram(),
    'common.cts': common,
    'modern.mts': modern,
    'entries.ts': names
      .map((name, i) => `import * as entry${i} from '${name}';\nconsole.log(entry${i});\n`)
      .join(''),
    'required.cjs': entries(names) + training,
    ...Object.fromEntries(configs),
  };
}
