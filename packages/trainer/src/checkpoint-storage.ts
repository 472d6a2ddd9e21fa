import { platform } from '#trainer/platform';
import type { CheckpointStorage } from './storage/checkpoint-storage.js';

/**
 * Where `ModelCheckpoint` and the loggers keep their files here: folders of the disk in Node, the site's own file system
 * in a browser.
 *
 * @example
 * ```ts
 * import { checkpointStorage } from '@mnist-kit/trainer';
 *
 * async function runs() {
 *   return (await checkpointStorage.list('runs')).filter(({ kind }) => kind === 'folder').map(({ name }) => name);
 * }
 * ```
 */
export const checkpointStorage: CheckpointStorage = platform.storage;
