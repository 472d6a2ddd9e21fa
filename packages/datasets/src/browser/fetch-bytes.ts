import { DataError, type FileBytes } from '@mnist-kit/core';

/** There is no such file, or nobody who could say so. */
export class NotThereError extends Error {
  /** Whether the server did not answer at all. */
  readonly unreachable: boolean;

  constructor(message: string, unreachable = false) {
    super(message);
    this.unreachable = unreachable;
  }
}

/**
 * Gets a file from the network.
 *
 * @param limit Bytes of which there must not be more.
 * @param onProgress Called with the bytes so far, and with how many are to come where that is known.
 * @throws NotThereError when there is none: also where a server answers with a page of its own instead.
 * @throws DataError when it is cut off, or larger than `limit`.
 */
export async function fetchBytes(
  url: string,
  limit: number,
  onProgress: (loaded: number, total: number | undefined) => void,
): Promise<FileBytes> {
  let response: Response;
  try {
    response = await fetch(url);
  } catch (error) {
    throw new NotThereError(
      `cannot be reached (${(error as Error).message}): there is no network, no such server, or it does not let this page ` +
        'read its files (CORS, Content-Security-Policy)',
      true,
    );
  }
  if (!response.ok) {
    await response.body?.cancel();
    throw new NotThereError(`the server answered ${response.status} ${response.statusText}`.trimEnd());
  }
  // Servers of single-page apps answer with the app's page whatever they are asked for.
  if (/^text\/html\b/i.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    throw new NotThereError('the server answered with a web page instead of the file');
  }
  return readBody(url, response, limit, onProgress);
}

async function readBody(
  url: string,
  response: Response,
  limit: number,
  onProgress: (loaded: number, total: number | undefined) => void,
): Promise<FileBytes> {
  const length = response.headers.get('content-length');
  // Of what a server packs on its way the length is that of the packed bytes.
  const total = length === null || response.headers.has('content-encoding') ? undefined : Number(length);
  onProgress(0, total);
  const chunks: Uint8Array[] = [];
  let loaded = 0;
  const reader = response.body?.getReader();
  try {
    for (;;) {
      const next = await reader?.read();
      if (next === undefined || next.done) break;
      chunks.push(next.value);
      loaded += next.value.length;
      if (loaded > limit) {
        await reader?.cancel();
        throw new DataError(
          `${url} is larger than it should be: expected at most ${limit} bytes, received more.`,
        );
      }
      onProgress(loaded, total);
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(
      `${url} was cut off after ${loaded} bytes (${(error as Error).message}). Load it again.`,
      { cause: error },
    );
  }
  if (total !== undefined && loaded < total)
    throw new DataError(`${url} was cut off: expected ${total} bytes, received ${loaded}. Load it again.`);
  const bytes = new Uint8Array(loaded);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return bytes;
}
