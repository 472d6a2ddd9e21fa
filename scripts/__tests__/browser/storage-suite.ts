// What every CheckpointStorage does. Runs in Node and in a browser, so it asserts with its own means.
import { CheckpointError, EngineError } from '@mnist-kit/core';
import type { CheckpointStorage } from '@mnist-kit/trainer';

type Case = (storage: CheckpointStorage, dir: string) => Promise<void>;

const encode = (text: string) => new TextEncoder().encode(text);
const text = async (storage: CheckpointStorage, path: string) =>
  new TextDecoder().decode(await storage.read(path));

function equal(actual: unknown, expected: unknown): void {
  const [a, b] = [actual, expected].map((value) => JSON.stringify(value));
  if (a !== b) throw new Error(`expected ${b}, received ${a}`);
}

async function rejection(promise: Promise<unknown>): Promise<Error & { code?: unknown }> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it was to be refused');
}

const names = async (storage: CheckpointStorage, folder: string) =>
  (await storage.list(folder)).map(({ name }) => name).sort();

const missing = async (promise: Promise<unknown>) => equal((await rejection(promise)).code, 'ENOENT');

/** Each gets a folder of its own, which is there and empty. */
export const storageCases: Readonly<Record<string, Case>> = {
  async 'a file holds what was written last, text as UTF-8'(storage, dir) {
    await storage.write(`${dir}/a`, 'a long text that is replaced');
    await storage.write(`${dir}/a`, 'größer – 大');
    equal(await text(storage, `${dir}/a`), 'größer – 大');
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i);
    await storage.write(`${dir}/b`, bytes.subarray(1));
    equal(Array.from(await storage.read(`${dir}/b`)), Array.from(bytes.subarray(1)));
    await storage.write(`${dir}/b`, '');
    equal((await storage.read(`${dir}/b`)).length, 0);
  },

  async 'bytes in shared memory are written as any'(storage, dir) {
    if (typeof SharedArrayBuffer === 'undefined') return;
    const shared = new Uint8Array(new SharedArrayBuffer(4)).fill(7);
    await storage.write(`${dir}/a`, shared);
    await storage.append(`${dir}/a`, shared);
    await storage.writeFolder(`${dir}/folder`, { a: shared });
    equal(Array.from(await storage.read(`${dir}/a`)), [7, 7, 7, 7, 7, 7, 7, 7]);
    equal(Array.from(await storage.read(`${dir}/folder/a`)), [7, 7, 7, 7]);
  },

  async 'a file grows by what is appended, from nothing'(storage, dir) {
    for (const line of ['one\n', 'two\n']) await storage.append(`${dir}/log`, line);
    await storage.append(`${dir}/log`, encode('three\n'));
    equal(await text(storage, `${dir}/log`), 'one\ntwo\nthree\n');
  },

  async 'what is not there is ENOENT, and is removed without a word'(storage, dir) {
    await missing(storage.read(`${dir}/none`));
    await missing(storage.read(`${dir}/none/a`));
    await missing(storage.stat(`${dir}/none`));
    await missing(storage.list(`${dir}/none`));
    await missing(storage.removeFolder(`${dir}/none`));
    await storage.remove(`${dir}/none`);
    equal(await names(storage, dir), []);
  },

  async 'files and folders are told from each other'(storage, dir) {
    const before = Date.now();
    await storage.makeFolder(`${dir}/deep/er`);
    await storage.makeFolder(`${dir}/deep/er`);
    await storage.write(`${dir}/deep/file.json`, '{}');
    const entries = (await storage.list(`${dir}/deep`)).sort((a, b) => (a.name < b.name ? -1 : 1));
    equal(entries, [
      { name: 'er', kind: 'folder' },
      { name: 'file.json', kind: 'file' },
    ]);
    equal((await storage.stat(`${dir}/deep`)).kind, 'folder');
    const { kind, link, modified } = await storage.stat(`${dir}/deep/file.json`);
    equal([kind, link, Math.abs(modified - before) < 60_000], ['file', false, true]);
  },

  async 'a path may say . and .. and more slashes than it needs'(storage, dir) {
    await storage.write(`${dir}//./a`, 'a');
    await storage.makeFolder(`${dir}/folder/`);
    equal(await text(storage, `${dir}/folder/../a`), 'a');
    equal(await names(storage, `${dir}/`), ['a', 'folder']);
  },

  async 'a file whose folder is missing is refused with what to do'(storage, dir) {
    for (const write of [storage.write, storage.append]) {
      const error = await rejection(write(`${dir}/none/a`, 'a'));
      equal(error instanceof EngineError, true);
      equal(error.message, `Cannot write ${dir}/none/a: the folder does not exist. Create it first.`);
    }
    equal(await names(storage, dir), []);
  },

  async 'a file in the place of a folder, and a folder in that of a file, are refused'(storage, dir) {
    await storage.makeFolder(`${dir}/folder`);
    await storage.write(`${dir}/file`, 'kept');
    for (const wrong of [
      () => storage.write(`${dir}/folder`, 'a'),
      () => storage.makeFolder(`${dir}/file`),
      () => storage.makeFolder(`${dir}/file/below`),
    ])
      equal((await rejection(wrong())) instanceof EngineError, true);
    await rejection(storage.list(`${dir}/file`));
    await rejection(storage.read(`${dir}/folder`));
    equal([await text(storage, `${dir}/file`), await names(storage, dir)], ['kept', ['file', 'folder']]);
  },

  async 'a folder is made with all its files, and those above it'(storage, dir) {
    await storage.writeFolder(`${dir}/up/folder`, { a: encode('A'), b: encode('B') });
    equal(await names(storage, `${dir}/up`), ['folder']);
    equal(await names(storage, `${dir}/up/folder`), ['a', 'b']);
    equal(await text(storage, `${dir}/up/folder/b`), 'B');
  },

  async 'a folder that is there is not written over'(storage, dir) {
    await storage.writeFolder(`${dir}/folder`, { a: encode('A') });
    await rejection(storage.writeFolder(`${dir}/folder`, { a: encode('other'), b: encode('B') }));
    equal(await names(storage, dir), ['folder']);
    equal(await names(storage, `${dir}/folder`), ['a']);
    equal(await text(storage, `${dir}/folder/a`), 'A');
  },

  async 'a folder that cannot be written whole is not there'(storage, dir) {
    await rejection(storage.writeFolder(`${dir}/folder`, { a: encode('A'), 'no/such/name': encode('B') }));
    equal(await names(storage, dir), []);
    await storage.writeFolder(`${dir}/folder`, { a: encode('A') });
    equal(await names(storage, `${dir}/folder`), ['a']);
  },

  async 'a folder is removed with all that is in it'(storage, dir) {
    await storage.writeFolder(`${dir}/folder`, { a: encode('A') });
    await storage.makeFolder(`${dir}/folder/below`);
    await storage.removeFolder(`${dir}/folder`);
    equal(await names(storage, dir), []);
    await missing(storage.list(`${dir}/folder`));
  },

  async 'what an earlier fit left moves aside, numbered'(storage, dir) {
    equal(await storage.setAside(dir, ['a', 'states']), undefined);
    for (const round of ['1', '2']) {
      await storage.write(`${dir}/a`, round);
      await storage.write(`${dir}/other`, 'stays');
      await storage.writeFolder(`${dir}/states/one`, { state: encode(round) });
      await storage.makeFolder(`${dir}/states/two`);
      equal(await storage.setAside(dir, ['states', 'none', 'a']), `${dir}/previous-${round}`);
      equal(await names(storage, `${dir}/previous-${round}`), ['a', 'states']);
      equal(await names(storage, `${dir}/previous-${round}/states`), ['one', 'two']);
      equal(await text(storage, `${dir}/previous-${round}/states/one/state`), round);
      equal(await text(storage, `${dir}/previous-${round}/a`), round);
    }
    equal(await names(storage, dir), ['other', 'previous-1', 'previous-2']);
  },

  async 'one fit at a time has a folder'(storage, dir) {
    const [unlock] = await Promise.all([storage.lock(dir), storage.makeFolder(`${dir}/other`)]);
    const unlockOther = await storage.lock(`${dir}/other`);
    const error = await rejection(storage.lock(`${dir}/`));
    equal([error instanceof CheckpointError, error.message.includes(dir)], [true, true]);
    await unlock();
    await unlockOther();
    await (await storage.lock(dir))();
    equal(await names(storage, dir), ['other']);
  },

  async 'what is whole is no leftover'(storage, dir) {
    await storage.write(`${dir}/a`, 'A');
    await storage.writeFolder(`${dir}/folder`, { a: encode('A') });
    await storage.removeLeftovers(dir, () => true);
    equal(await names(storage, dir), ['a', 'folder']);
    equal(await names(storage, `${dir}/folder`), ['a']);
  },
};
