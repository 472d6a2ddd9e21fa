import type { LoadProgress } from './load-options.js';
import type { Parts } from './sources.js';

interface Count {
  loaded: number;
  total: number | undefined;
}

/** Adds up what has come of the two files of a split, and tells of it. */
export class Progress {
  readonly #onProgress: ((progress: LoadProgress) => void) | undefined;
  readonly #counts: Parts<Count> = {
    images: { loaded: 0, total: undefined },
    labels: { loaded: 0, total: undefined },
  };

  constructor(onProgress: ((progress: LoadProgress) => void) | undefined) {
    this.#onProgress = onProgress;
  }

  /**
   * So much of a file has come.
   *
   * @param total How many bytes it has; undefined where nobody knows.
   */
  report(part: keyof Parts<unknown>, loaded: number, total: number | undefined): void {
    // A server that packs what it sends tells how much that is, and not how much comes.
    Object.assign(this.#counts[part], {
      loaded,
      total: total !== undefined && loaded <= total ? total : undefined,
    });
    this.#tell();
  }

  /** A file is there. */
  end(part: keyof Parts<unknown>, bytes: number): void {
    this.report(part, bytes, bytes);
  }

  #tell(): void {
    const { images, labels } = this.#counts;
    const known = images.total !== undefined && labels.total !== undefined;
    this.#onProgress?.({
      loadedBytes: images.loaded + labels.loaded,
      totalBytes: known ? Number(images.total) + Number(labels.total) : undefined,
    });
  }
}
