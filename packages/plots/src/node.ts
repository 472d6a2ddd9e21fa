/**
 * Plots and reports written to files, for Node.
 *
 * @module
 */
export {};
