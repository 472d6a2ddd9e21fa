import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, join, resolve } from 'node:path';
import { InvalidArgumentError } from '@mnist-kit/core';
import type { CommandResult, Terminal } from '../command-line/command-result.js';
import { filesOf, type Template } from '../init/templates.js';

/** What the command line of `init` says. */
export interface InitFlags {
  readonly template?: Template;
  readonly name?: string;
}

/** `mnist-kit init [FOLDER]`. */
export async function init(
  folder: string | undefined,
  { template = 'program', name: given }: InitFlags,
  { print }: Terminal,
): Promise<CommandResult> {
  const target = resolve(folder ?? '.');
  const name = given ?? packageName(basename(target));
  if (given !== undefined && packageName(given) !== given)
    throw new InvalidArgumentError(
      '--name',
      'must be the name of an npm package: small letters, digits, -, _ or .',
      given,
    );
  const { version } = createRequire(import.meta.url)('../package.json') as { version: string };
  const files = filesOf(template, { name, version });
  await checkFree(target, Object.keys(files));
  await writeAll(target, files);
  const start = template === 'program' ? 'npm start' : 'npm run train';
  print(`${target}: ${Object.keys(files).join(', ')}\n`);
  print(`Next:${folder === undefined ? '' : ` cd ${quoted(folder)} &&`} npm install && ${start}`);
  return { result: { folder: target, template, name, files: Object.keys(files) } };
}

/** A name that npm takes, made of another one. */
function packageName(text: string): string {
  const plain = text
    .toLowerCase()
    .replace(/[^a-z0-9._-]+/g, '-')
    .replace(/^[._-]+|[._-]+$/g, '');
  return plain.slice(0, 214) || 'my-net';
}

/** @throws InvalidArgumentError that names what is in the way. */
async function checkFree(target: string, files: readonly string[]): Promise<void> {
  const there = await stat(target).catch(() => undefined);
  if (there !== undefined && !there.isDirectory())
    throw new InvalidArgumentError('folder', 'must be a folder, or not be there yet', target);
  const names = there === undefined ? [] : await readdir(target);
  const first = (file: string) => file.split('/')[0];
  const taken = [...new Set(files.map(first))].filter((name) => names.includes(name));
  if (taken.length > 0)
    throw new InvalidArgumentError('folder', `must not have ${taken.join(', ')} already`, target);
}

/** Everything, or nothing. */
async function writeAll(target: string, files: Readonly<Record<string, string>>): Promise<void> {
  const made: string[] = [];
  try {
    for (const [file, content] of Object.entries(files)) {
      const path = join(target, file);
      const folder = await mkdir(dirname(path), { recursive: true });
      if (folder !== undefined) made.push(folder);
      await writeFile(path, content, { flag: 'wx' });
      made.push(path);
    }
  } catch (error) {
    for (const path of made.reverse()) await rm(path, { recursive: true, force: true });
    throw error;
  }
}

function quoted(folder: string): string {
  return /^[\w./-]+$/.test(folder) ? folder : `"${folder}"`;
}
