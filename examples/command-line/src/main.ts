/**
 * What the examples' command lines share.
 *
 * @module
 */
export { folder, integer, plainCommand } from './options.js';
export { Output } from './output.js';
export { runProgram, USER_MISTAKE } from './run-program.js';
