/**
 * What needs Node: files that are either written whole or not at all, and output that may be closed.
 *
 * @module
 */
export { appendFileWhole } from './node/append-file.js';
export { writeFileAtomic } from './node/atomic-write.js';
export { writeQuietly } from './write-quietly.js';
