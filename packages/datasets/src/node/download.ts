import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { DataError, EngineError } from '@mnist-kit/core';
import { writeFileAtomic } from '@mnist-kit/core/node';
import { memorySource } from '../byte-source.js';
import type { DownloadOptions } from '../download-options.js';
import { dimensionsOf, type IdxFile, openIdx } from '../idx-file.js';
import type { Progress } from '../progress.js';
import type { Parts, SourceFile } from '../sources.js';
import { verified } from '../verify.js';
import { md5 } from './md5.js';

/** How to download, and whom to tell. */
export interface DownloadSettings extends Required<DownloadOptions> {
  readonly verify: boolean;
  readonly progress: Progress;
}

/** An answer that will be the same next time. */
class Refusal extends Error {}

/** More than gzip, or no compression at all, adds to a file. */
const packedExtra = 2 ** 16;
const maxBytes = 2 ** 31 - 1;

/**
 * Downloads the files of a split that are not there yet, and writes them into `folder` when all have come, so
 * that a folder does not end up with files of two origins.
 *
 * @throws DataError listing what went wrong at each mirror.
 * @throws EngineError when a file cannot be written.
 */
export async function downloadMissing(
  files: Parts<SourceFile>,
  { images, labels }: Parts<IdxFile | undefined>,
  folder: string,
  settings: DownloadSettings,
): Promise<Parts<IdxFile>> {
  const parts = {
    images: images ?? (await downloadFile('images', files.images, settings)),
    labels: labels ?? (await downloadFile('labels', files.labels, settings)),
  };
  await makeFolder(folder);
  for (const part of ['images', 'labels'] as const)
    if ((part === 'images' ? images : labels) === undefined)
      await writeFileAtomic(join(folder, files[part].name), await parts[part].read());
  return parts;
}

/** Downloads `<mirror><name>.gz`. A mirror is tried again after a pause, except when it refuses (404 and the like). */
async function downloadFile(
  part: keyof Parts<unknown>,
  file: SourceFile,
  settings: DownloadSettings,
): Promise<IdxFile> {
  const { mirrors, attempts, backoff, timeout, verify, progress } = settings;
  const failures: string[] = [];
  const limit = verify ? file.bytes + packedExtra : maxBytes;
  for (const mirror of mirrors) {
    const url = new URL(`${file.name}.gz`, mirror.endsWith('/') ? mirror : `${mirror}/`).href;
    for (let attempt = 0; attempt < attempts; attempt++) {
      if (attempt > 0) await pause(backoff * 2 ** (attempt - 1));
      try {
        const tell = (loaded: number, total: number | undefined) => progress.report(part, loaded, total);
        const packed = memorySource(await fetchBytes(url, { timeout, limit }, tell), url);
        const idx = await openIdx(packed, dimensionsOf[part]);
        const checked = verify ? verified(idx, part, file, md5) : idx;
        await checked.read();
        progress.end(part, packed.size);
        return checked;
      } catch (error) {
        failures.push(`${url} (attempt ${attempt + 1}): ${reason(error)}`);
        if (error instanceof Refusal) break;
      }
    }
  }
  throw new DataError(
    `${file.name} could not be downloaded. Check the connection, or put the file into the folder given as \`root\`. ` +
      `What happened:\n  ${failures.join('\n  ')}`,
  );
}

async function fetchBytes(
  url: string,
  { timeout, limit }: { timeout: number; limit: number },
  onProgress: (loaded: number, total: number | undefined) => void,
): Promise<Uint8Array> {
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
    const expected = response.headers.has('content-encoding') ? null : response.headers.get('content-length');
    const total = expected === null ? undefined : Number(expected);
    const chunks: Uint8Array[] = [];
    let length = 0;
    onProgress(length, total);
    for await (const chunk of response.body ?? []) {
      chunks.push(chunk);
      length += chunk.length;
      if (length > limit) throw new Error(`expected at most ${limit} bytes, received more`);
      onProgress(length, total);
      clearTimeout(timer);
      timer = setTimeout(giveUp, timeout);
    }
    const bytes = Buffer.concat(chunks);
    if (total !== undefined && total !== bytes.length)
      throw new Error(`expected ${total} bytes, received ${bytes.length} bytes`);
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
      `The folder ${path} for downloads cannot be made: ${reason(error)}. Choose another with \`cacheDir\` or \`root\`.`,
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
