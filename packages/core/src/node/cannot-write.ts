import { EngineError } from '../errors.js';

const advices: Record<string, string> = {
  EACCES: 'permission denied. Choose a folder you may write to, or change its permissions.',
  EPERM: 'not permitted. Choose a folder you may write to, or change its permissions.',
  EROFS: 'the file system is read-only. Choose another folder.',
  ENOSPC: 'the disk is full. Free some space or choose another disk.',
  EDQUOT: 'the disk quota is used up. Free some space or choose another disk.',
  EFBIG: 'the file is larger than this file system allows. Choose another disk.',
  EIO: 'the disk reports an error. Choose another disk, and look at this one.',
  ENOENT: 'the folder does not exist. Create it first.',
  ENOTDIR: 'a part of the path is a file, not a folder. Choose another path.',
  EISDIR: 'there is a folder of that name. Choose another name.',
  ENOTEMPTY: 'there is a folder of that name. Choose another name.',
  EMFILE: 'too many open files. Close some, or raise the limit (ulimit -n).',
  ENAMETOOLONG: 'the name is too long. Choose a shorter one.',
};

/** The error for a file that the system does not let us write: its name, and what to do. */
export function cannotWrite(path: string, error: unknown): EngineError {
  const { code, message } = error as NodeJS.ErrnoException;
  const advice = (code !== undefined && advices[code]) || message;
  return new EngineError(`Cannot write ${path}: ${advice}`, { cause: error });
}
