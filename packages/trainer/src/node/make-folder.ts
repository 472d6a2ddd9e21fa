import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { EngineError } from '@mnist-kit/core';
import { syncFolder } from '@mnist-kit/core/node';

/**
 * Creates a folder and those above it where need be, so that it outlasts a power cut.
 *
 * @throws EngineError that names the folder and says what to do.
 */
export async function makeFolder(dir: string): Promise<void> {
  try {
    const first = await mkdir(dir, { recursive: true });
    if (first === undefined) return;
    for (let made = resolve(dir); made.length >= first.length; made = dirname(made))
      await syncFolder(dirname(made));
  } catch (error) {
    throw new EngineError(
      `Cannot create the folder ${dir}: ${(error as Error).message}. Choose a folder you may write to.`,
      { cause: error },
    );
  }
}
