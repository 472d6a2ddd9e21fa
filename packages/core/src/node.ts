/**
 * What needs Node: files that are either written whole or not at all.
 *
 * @module
 */
export { writeFileAtomic } from './node/atomic-write.js';
