import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { DataError, EngineError } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import type { DownloadOptions } from '../download-options.js';
import { inflate } from '../idx.js';
import type { SourceFile } from '../sources.js';
import { checkBytes } from './check-bytes.js';

/** An answer that will be the same next time. */
class Refusal extends Error {}

/**
 * Downloads and unpacks `<mirror><name>.gz`, checks it and writes it to `path`, whole or not at all. A mirror
 * is tried again after a pause, except when it refuses (404 and the like).
 *
 * @throws DataError listing what went wrong at each mirror.
 * @throws EngineError when the file cannot be written.
 */
export async function downloadFile(
  file: SourceFile,
  path: string,
  options: Required<DownloadOptions>,
  verify: boolean,
): Promise<Uint8Array> {
  const failures: string[] = [];
  for (const mirror of options.mirrors) {
    const url = new URL(`${file.name}.gz`, mirror.endsWith('/') ? mirror : `${mirror}/`).href;
    for (let attempt = 0; attempt < options.attempts; attempt++) {
      if (attempt > 0) await pause(options.backoff * 2 ** (attempt - 1));
      let bytes: Uint8Array;
      try {
        bytes = await inflate(await fetchBytes(url, options.timeout), url);
        if (verify) checkBytes(file, bytes, url);
      } catch (error) {
        failures.push(`${url} (attempt ${attempt + 1}): ${reason(error)}`);
        if (error instanceof Refusal) break;
        continue;
      }
      await makeFolder(dirname(path));
      await writeFileAtomic(path, bytes);
      return bytes;
    }
  }
  throw new DataError(
    `${file.name} could not be downloaded. Check the connection, or put the file into the folder given as \`root\`. ` +
      `What happened:\n  ${failures.join('\n  ')}`,
  );
}

async function fetchBytes(url: string, timeout: number): Promise<Uint8Array> {
  const controller = new AbortController();
  const giveUp = () => controller.abort(new Error(`no data for ${timeout} ms`));
  let timer = setTimeout(giveUp, timeout);
  try {
    const response = await fetch(url, { signal: controller.signal });
    if (!response.ok) {
      const message = `the server answered ${response.status} ${response.statusText}`;
      await response.body?.cancel();
      const final =
        response.status >= 400 && response.status < 500 && ![408, 425, 429].includes(response.status);
      throw final ? new Refusal(message) : new Error(message);
    }
    const chunks: Uint8Array[] = [];
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      clearTimeout(timer);
      timer = setTimeout(giveUp, timeout);
    }
    const bytes = Buffer.concat(chunks);
    const expected = response.headers.get('content-length');
    if (expected !== null && !response.headers.has('content-encoding') && Number(expected) !== bytes.length)
      throw new Error(`expected ${expected} bytes, received ${bytes.length} bytes`);
    return bytes;
  } finally {
    clearTimeout(timer);
  }
}

async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    throw new EngineError(
      `The folder ${path} for downloads cannot be made: ${reason(error)}. Choose another with \`cacheDir\`.`,
      { cause: error },
    );
  }
}

function pause(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What went wrong; `fetch` hides it in the cause. */
function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message;
}
