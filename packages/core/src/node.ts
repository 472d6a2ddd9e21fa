/**
 * What needs Node: files that are written whole or not at all and outlast a power cut, and output that may be closed.
 *
 * @module @mnist-kit/core/node
 */
export { appendFileWhole } from './node/append-file.js';
export { writeFileAtomic } from './node/atomic-write.js';
export { type LockHolder, lockFile } from './node/lock-file.js';
export { syncFolder } from './node/sync-folder.js';
export {
  type RemoveTemporaryFilesOptions,
  removeTemporaryFiles,
  temporaryPath,
} from './node/temporary-files.js';
export { writeDurably } from './node/write-durably.js';
export { writeQuietly } from './write-quietly.js';
