import promises, { type FileHandle } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { join, relative, resolve, sep } from 'node:path';

/** One thing that was asked of the file system, below the folder that is watched; paths are relative to it. */
export type FileOperation =
  | { readonly kind: 'create' | 'open' | 'mkdir' | 'unlink' | 'rmdir'; readonly path: string }
  | { readonly kind: 'rename' | 'link'; readonly path: string; readonly to: string }
  | { readonly kind: 'write'; readonly path: string; readonly data: Buffer }
  | { readonly kind: 'truncate'; readonly path: string; readonly size: number }
  | { readonly kind: 'sync' | 'close'; readonly path: string };

/** How an operation fails. */
export interface Fault {
  /** Which operation, from 0. */
  readonly at: number;
  readonly code: 'EIO' | 'ENOSPC' | 'EMFILE';
}

type Functions = Record<string, (...args: never[]) => Promise<unknown>>;

/**
 * Stands between a program and the file system: notes what is done below a folder, and lets one operation fail. The
 * program under test has no part in it, for it is Node's own functions that are replaced.
 */
export class WatchedFiles {
  readonly operations: FileOperation[] = [];
  /** The operation that was made to fail. */
  failed: FileOperation | undefined;
  readonly #root: string;
  readonly #fault: Fault | undefined;
  readonly #paths = new WeakMap<FileHandle, string>();
  readonly #restore: (() => void)[] = [];

  constructor(root: string, fault?: Fault) {
    this.#root = resolve(root);
    this.#fault = fault;
  }

  /** Runs `work` under watch. */
  async watch<T>(work: () => Promise<T>): Promise<T> {
    await this.#install();
    try {
      return await work();
    } finally {
      for (const restore of this.#restore.splice(0)) restore();
      syncBuiltinESMExports();
    }
  }

  /** Path below the folder, or `undefined` for one elsewhere. */
  #below(path: unknown): string | undefined {
    const below = relative(this.#root, resolve(String(path)));
    return below === '..' || below.startsWith(`..${sep}`) ? undefined : below;
  }

  /** Notes an operation; throws where it is the one that is to fail, after what it does nevertheless. */
  async #note(operation: FileOperation, nevertheless?: () => Promise<unknown>): Promise<void> {
    this.operations.push(operation);
    const fault = this.#fault;
    if (fault === undefined || this.operations.length - 1 !== fault.at) return;
    this.failed = operation;
    await nevertheless?.();
    const syscall = operation.kind === 'create' ? 'open' : operation.kind;
    const error = new Error(`${fault.code}: made to fail, ${syscall} '${operation.path}'`);
    throw Object.assign(error, { code: fault.code, syscall });
  }

  #replace(
    object: object,
    name: string,
    make: (original: (...args: never[]) => Promise<unknown>) => unknown,
  ): void {
    const functions = object as Functions;
    const original = functions[name];
    functions[name] = make(original) as Functions[string];
    this.#restore.push(() => {
      functions[name] = original;
    });
  }

  async #install(): Promise<void> {
    const note = this.#note.bind(this);
    const below = this.#below.bind(this);
    const { stat, unlink, rmdir, readdir } = promises;
    const exists = (path: string) =>
      stat(path).then(
        () => true,
        () => false,
      );

    for (const name of ['mkdir', 'unlink', 'rmdir'] as const)
      this.#replace(promises, name, (original) => async (path: never, ...rest: never[]) => {
        const at = below(path);
        if (at !== undefined && !(name === 'mkdir' && (await exists(path))))
          await note({ kind: name, path: at });
        return original(path, ...rest);
      });
    for (const name of ['rename', 'link'] as const)
      this.#replace(promises, name, (original) => async (path: never, to: never) => {
        const [at, target] = [below(path), below(to)];
        if (at !== undefined && target !== undefined && !(name === 'link' && (await exists(to))))
          await note({ kind: name, path: at, to: target });
        return original(path, to);
      });
    // One entry at a time, as Node does it inside.
    const remove = async (
      path: string,
      options: { recursive?: boolean; force?: boolean } = {},
    ): Promise<void> => {
      const found = await promises.lstat(path).catch((error) => {
        if (options.force && error.code === 'ENOENT') return undefined;
        throw error;
      });
      if (found === undefined) return;
      const at = below(path);
      if (!found.isDirectory()) {
        if (at !== undefined) await note({ kind: 'unlink', path: at });
        return unlink(path);
      }
      for (const name of await readdir(path)) await remove(join(path, name), options);
      if (at !== undefined) await note({ kind: 'rmdir', path: at });
      return rmdir(path);
    };
    this.#replace(promises, 'rm', () => remove);
    this.#replace(promises, 'open', (original) => async (path: never, flags: never, ...rest: never[]) => {
      const at = below(path);
      if (at !== undefined) {
        const creates = /[wa]/.test(String(flags ?? 'r')) && !(await exists(path));
        await note({ kind: creates ? 'create' : 'open', path: at });
      }
      const handle = (await original(path, flags, ...rest)) as FileHandle;
      if (at !== undefined) this.#paths.set(handle, at);
      return handle;
    });
    await this.#installHandles();
    syncBuiltinESMExports();
  }

  async #installHandles(): Promise<void> {
    const paths = this.#paths;
    const note = this.#note.bind(this);
    const handle = await promises.open(process.execPath, 'r');
    const prototype = Object.getPrototypeOf(handle) as object;
    await handle.close();
    this.#replace(
      prototype,
      'writeFile',
      (original) =>
        async function (this: FileHandle, content: never, ...rest: never[]) {
          const path = paths.get(this);
          const data = Buffer.from(content);
          if (path !== undefined && data.length > 0)
            await note({ kind: 'write', path, data }, () =>
              original.call(this, data.subarray(0, data.length / 2) as never),
            );
          return original.call(this, content, ...rest);
        },
    );
    this.#replace(
      prototype,
      'truncate',
      (original) =>
        async function (this: FileHandle, size: never) {
          const path = paths.get(this);
          if (path !== undefined) await note({ kind: 'truncate', path, size });
          return original.call(this, size);
        },
    );
    for (const kind of ['sync', 'close'] as const)
      this.#replace(
        prototype,
        kind,
        (original) =>
          async function (this: FileHandle) {
            const path = paths.get(this);
            // A file that cannot be closed is closed nevertheless.
            if (path !== undefined)
              await note({ kind, path }, kind === 'close' ? () => original.call(this) : undefined);
            return original.call(this);
          },
      );
  }
}
