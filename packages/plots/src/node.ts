/**
 * Plots and reports written to files, for Node.
 *
 * @module
 */
export { type SavePlotOptions, savePlot } from './save-plot-node.js';
