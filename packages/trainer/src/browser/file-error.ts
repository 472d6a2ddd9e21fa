import { EngineError, MnistKitError } from '@mnist-kit/core';

/** Node's codes for what a browser's files say (https://fs.spec.whatwg.org), and what to do where that is to be written. */
const reasons: Readonly<Record<string, readonly [code: string, advice: string]>> = {
  NotFoundError: ['ENOENT', 'the folder does not exist. Create it first.'],
  TypeMismatchError: [
    'ENOTDIR',
    'there is a folder where a file is expected, or the other way round. Choose another name.',
  ],
  InvalidModificationError: ['ENOTEMPTY', 'there is a folder of that name. Choose another name.'],
  NoModificationAllowedError: ['EBUSY', 'something else is writing to it. End that first.'],
  NotAllowedError: ['EACCES', 'the browser does not permit it. Check the settings for this site.'],
  SecurityError: ['EACCES', 'the browser does not permit it. Check the settings for this site.'],
  QuotaExceededError: [
    'ENOSPC',
    "the browser's room for this site is full. Remove old runs, or free some space on the disk.",
  ],
  NotReadableError: ['EIO', 'the disk reports an error.'],
  TypeError: ['EINVAL', 'a browser takes no file of that name. Choose another one.'],
};

/** What an operation on a file failed with: an `Error` with Node's `code`, whoever threw it. */
export function fileError(path: string, error: unknown): Error {
  // A DOMException has a `code` too, a number.
  if (error instanceof MnistKitError || typeof (error as { code?: unknown }).code === 'string')
    return error as Error;
  const { name = 'Error', message = String(error) } = error as Partial<Error>;
  const code = reasons[name]?.[0] ?? name;
  return Object.assign(new Error(`${code}: ${message}, '${path}'`, { cause: error }), { code });
}

/** The error for a file that the browser does not let us write: its name, and what to do. */
export function cannotWrite(path: string, error: unknown): EngineError {
  if (error instanceof EngineError) return error;
  const { name = 'Error', message = String(error) } = error as Partial<Error>;
  return new EngineError(`Cannot write ${path}: ${reasons[name]?.[1] ?? message}`, { cause: error });
}
