import type { FileBytes } from './contracts.js';
import { EngineError } from './errors.js';

/**
 * SHA-256 of bytes (FIPS 180-4), by the platform's own Web Crypto: in Node, and in a browser on pages of a secure
 * context, which are those of `https:` and of this machine (`localhost`, `127.0.0.1`).
 *
 * @param bytes The bytes; they must not change before the promise is fulfilled.
 * @returns 64 hexadecimal digits.
 * @throws EngineError in a browser's page that is no secure context.
 *
 * @example
 * ```ts
 * import { sha256 } from '@mnist-kit/core';
 *
 * console.log(await sha256(new TextEncoder().encode('abc'))); // ba7816bf8f01cfea414140de5dae2223b00361a3…
 * ```
 */
export async function sha256(bytes: Uint8Array): Promise<string> {
  const subtle: SubtleCrypto | undefined = globalThis.crypto?.subtle;
  if (subtle === undefined)
    throw new EngineError(
      'Checksums need `crypto.subtle`, which browsers have in a secure context only: serve the page by https:, or from ' +
        `localhost or 127.0.0.1. Received: ${globalThis.location?.origin ?? 'a page without an origin'}`,
    );
  // Web Crypto does not take shared memory.
  const own = (bytes.buffer instanceof ArrayBuffer ? bytes : bytes.slice()) as FileBytes;
  const digest = new Uint8Array(await subtle.digest('SHA-256', own));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
