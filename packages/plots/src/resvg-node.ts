/** Finds the PNG renderer's WebAssembly and fonts among the installed packages. */

import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { FileBytes } from '@mnist-kit/core';

const { resolve } = createRequire(import.meta.url);

/** The bytes of resvg. */
export function readWasm(): Promise<FileBytes> {
  return readFile(resolve('@resvg/resvg-wasm/index_bg.wasm'));
}

/** Open Sans, regular and semi-bold. */
export function readFonts(): Promise<Uint8Array[]> {
  const folder = '@expo-google-fonts/open-sans';
  return Promise.all(
    [`${folder}/400Regular/OpenSans_400Regular.ttf`, `${folder}/600SemiBold/OpenSans_600SemiBold.ttf`].map(
      (file) => readFile(resolve(file)),
    ),
  );
}
