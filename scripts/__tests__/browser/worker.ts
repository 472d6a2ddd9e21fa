// What tests ask of a worker in a browser.

import { sha256 } from '@mnist-kit/core';
import { fashionMnist, type MnistOptions, mnist } from '@mnist-kit/datasets';
import { checkpointStorage } from '@mnist-kit/trainer';
import { type SmallFitOptions, smallFit } from './small-fit.js';
import { storageCases } from './storage-suite.js';

/** A question to the worker. */
export interface Question {
  readonly call: keyof typeof calls;
  readonly args: readonly unknown[];
  /** The change of a file, from 0, at which everything stops, as where a page is closed. */
  readonly stopAt?: number;
  /** As in Safari before 26. */
  readonly withoutStreams?: boolean;
}

/** What comes of it. */
export interface Answer {
  readonly value?: unknown;
  readonly error?: { readonly name: string; readonly message: string };
  readonly stopped?: boolean;
  /** Changes of files. */
  readonly changes: number;
  /** Steps trained. */
  readonly steps: number;
}

let changes = 0;
let steps = 0;

/** Every file below a folder. */
async function tree(dir: string, prefix = ''): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  for (const { name, kind } of await checkpointStorage.list(dir)) {
    if (kind === 'folder') Object.assign(files, await tree(`${dir}/${name}`, `${prefix}${name}/`));
    else {
      const content = await checkpointStorage.read(`${dir}/${name}`);
      files[prefix + name] = btoa(Array.from(content, (byte) => String.fromCharCode(byte)).join(''));
    }
  }
  return files;
}

const calls = {
  /** Runs the cases of the suite that every storage passes. */
  async storageCases(dir: string) {
    const outcomes: Record<string, string> = {};
    for (const [name, run] of Object.entries(storageCases)) {
      const folder = `${dir}/${Object.keys(outcomes).length}`;
      await checkpointStorage.makeFolder(folder);
      outcomes[name] = await run(checkpointStorage, folder).then(
        () => 'passed',
        (error: Error) => String(error),
      );
    }
    return outcomes;
  },
  fit: (options: SmallFitOptions) =>
    smallFit({
      ...options,
      onStep: (step) => {
        steps = step;
      },
    }),
  tree,
  write: (path: string, text: string) => checkpointStorage.write(path, text),
  async load(name: 'mnist' | 'fashionMnist', options: MnistOptions) {
    const progress: unknown[] = [];
    const onProgress = (step: unknown) => progress.push(step);
    const dataset = await { mnist, fashionMnist }[name]({ ...options, onProgress });
    const { length, shape, classes } = dataset;
    const parts = [dataset.images as Uint8Array, Uint8Array.from(dataset.labels)];
    const digests = globalThis.isSecureContext ? await Promise.all(parts.map(sha256)) : [];
    return { length, shape, classes, digests, progress };
  },
};

/** Counts what changes files, and stops for good at one of those changes. */
function watchFiles(stopAt: number | undefined): void {
  const watch = (prototype: object, name: string, changing: (args: unknown[]) => boolean) => {
    const methods = prototype as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const original = methods[name];
    methods[name] = async function (this: unknown, ...args: unknown[]) {
      if (changing(args) && changes++ === stopAt) {
        self.postMessage({ stopped: true, changes, steps } satisfies Answer);
        await new Promise(() => {});
      }
      return original.apply(this, args);
    };
  };
  const creates = ([, options]: unknown[]) => (options as { create?: boolean } | undefined)?.create === true;
  watch(FileSystemDirectoryHandle.prototype, 'getFileHandle', creates);
  watch(FileSystemDirectoryHandle.prototype, 'getDirectoryHandle', creates);
  watch(FileSystemDirectoryHandle.prototype, 'removeEntry', () => true);
  watch(FileSystemFileHandle.prototype, 'createWritable', () => true);
  watch(FileSystemFileHandle.prototype, 'move', () => true);
  watch(FileSystemWritableFileStream.prototype, 'write', () => true);
  watch(FileSystemWritableFileStream.prototype, 'close', () => true);
}

self.onmessage = async ({ data }: MessageEvent<Question>) => {
  if (data.withoutStreams) Reflect.deleteProperty(FileSystemFileHandle.prototype, 'createWritable');
  else if (globalThis.isSecureContext) watchFiles(data.stopAt);
  try {
    const run = calls[data.call] as (...args: never[]) => Promise<unknown>;
    const value = await run(...(data.args as never[]));
    self.postMessage({ value, changes, steps } satisfies Answer);
  } catch (thrown) {
    const { name, message } = thrown as Error;
    self.postMessage({ error: { name, message }, changes, steps } satisfies Answer);
  }
};
