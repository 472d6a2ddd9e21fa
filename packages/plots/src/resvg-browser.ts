/** A browser does not find files of packages: it must be handed the renderer's WebAssembly and fonts. */

import type { FileBytes } from '@mnist-kit/core';

export async function readWasm(): Promise<FileBytes> {
  throw new Error('Browsers do not find files of packages.');
}

export async function readFonts(): Promise<Uint8Array[]> {
  throw new Error('Browsers do not find files of packages.');
}
