import { MnistKitError } from '@mnist-kit/core';
import { CommanderError } from 'commander';
import type { CommandResult } from './command-result.js';
import { FAILED, USER_MISTAKE } from './exit-codes.js';

/** Says on stderr what went wrong, and what the command comes to; nothing more where commander has said it. */
export function explainError(error: unknown): CommandResult {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { result: {} };
    return failure(USER_MISTAKE, 'UsageError', error.message.replace(/^error: /, ''));
  }
  if (error instanceof MnistKitError || isFileError(error)) {
    console.error(`error: ${error.message}`);
    return failure(USER_MISTAKE, error.name, error.message);
  }
  console.error(error);
  return failure(FAILED, error instanceof Error ? error.name : 'Error', String(error));
}

function failure(code: number, type: string, message: string): CommandResult {
  return { code, result: { error: { type, message } } };
}

/** The file system said no: a folder that is missing, full or not ours to write to. */
function isFileError(error: unknown): error is Error {
  return error instanceof Error && 'syscall' in error && 'path' in error;
}
