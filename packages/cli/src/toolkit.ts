/**
 * What command lines of one's own share with `mnist-kit`: options, errors, exit codes, and output that may be lost.
 *
 * @module @mnist-kit/cli/toolkit
 */
export { FAILED, interruptedCode, OK, USER_MISTAKE } from './command-line/exit-codes.js';
export { folder, integer, plainCommand, plotFile, threadsOption } from './command-line/options.js';
export { Output } from './command-line/output.js';
export { runMain } from './command-line/run-main.js';
