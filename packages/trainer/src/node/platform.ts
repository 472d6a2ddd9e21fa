import { createHash } from 'node:crypto';
import { basename, dirname, extname, join } from 'node:path';
import type { Platform } from '../platform.js';
import { fileStorage } from './file-storage.js';
import { listenForSignals } from './signals.js';
import { stdoutCanvas, takesCursorMoves } from './stdout-canvas.js';

export const platform: Platform = {
  storage: fileStorage,
  paths: { join, dirname, basename, extname },
  // Web Crypto takes much longer for what is small.
  sha256: (bytes) => createHash('sha256').update(bytes).digest('hex'),
  runtime: { node: process.version },
  listenForSignals,
  async progressBar(wanted) {
    if (!(wanted ?? takesCursorMoves())) return undefined;
    const { SingleBar, Presets } = (await import('cli-progress')).default;
    return new SingleBar(
      {
        format: '{title} {bar} {value}/{total} | {rate} it/s | loss {loss} | accuracy {accuracy} | {left}',
        stream: stdoutCanvas() as unknown as NodeJS.WritableStream,
        noTTYOutput: true,
        hideCursor: true,
        clearOnComplete: true,
        stopOnComplete: false,
        gracefulExit: false,
        barsize: 24,
      },
      Presets.shades_classic,
    );
  },
};
