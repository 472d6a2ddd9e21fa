import type { FileBytes } from '@mnist-kit/core';

/**
 * Files by URL in the browser's Cache Storage. Where there is none (a page that is no secure context, a browser set so)
 * or it is full, nothing is kept and nothing found.
 */
export class FileCache {
  readonly #open: () => Promise<Cache | undefined>;

  /** @param name What the cache is called; false for none. */
  constructor(name: string | false) {
    this.#open = async () => {
      if (name === false || typeof caches === 'undefined') return undefined;
      return caches.open(name).catch(() => undefined);
    };
  }

  /** The bytes of a file. */
  async get(url: string): Promise<FileBytes | undefined> {
    try {
      const response = await (await this.#open())?.match(url);
      return response && new Uint8Array(await response.arrayBuffer());
    } catch {
      return undefined;
    }
  }

  async put(url: string, bytes: FileBytes): Promise<void> {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(bytes.length) };
    try {
      await (await this.#open())?.put(url, new Response(bytes, { headers }));
    } catch {
      // Without it the file is loaded again the next time.
    }
  }

  async remove(url: string): Promise<void> {
    await (await this.#open())?.delete(url).catch(() => false);
  }
}
