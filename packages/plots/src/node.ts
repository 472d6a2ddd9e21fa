/**
 * Plots and reports written to files, for Node.
 *
 * @module @mnist-kit/plots/node
 */
export { type SavePlotOptions, savePlot } from './save-plot-node.js';
