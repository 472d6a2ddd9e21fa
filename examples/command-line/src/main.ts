/**
 * What the examples' command lines share.
 *
 * @module
 */
export { folder, integer, plainCommand, threadsOption } from './options.js';
export { Output } from './output.js';
export { interruptedCode, RESULT_LOST, runProgram, USER_MISTAKE } from './run-program.js';
