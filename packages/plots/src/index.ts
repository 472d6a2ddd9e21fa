/**
 * Training curves, confusion matrices and wrong digits as SVG, PNG and one HTML report.
 *
 * Every plot is a pure function from plain data to an SVG document; the same data gives the same bytes.
 *
 * @module @mnist-kit/plots
 */
export { type ConfusionMatrixOptions, confusionMatrix, countConfusions } from './confusion-matrix.js';
export { type CaptionedImage, type DigitGridOptions, digitGrid, type GrayImage } from './digit-grid.js';
export type { EpochRecord } from './epoch-record.js';
export {
  type LearningRateCurveOptions,
  type LearningRatePoint,
  learningRateCurve,
} from './learning-rate-curve.js';
export { type LearningRateSweep, learningRateFinderCurve } from './learning-rate-finder-curve.js';
export { type LossComparisonOptions, lossComparison, type NamedCurve } from './loss-comparison.js';
export {
  findMistakes,
  type LabelledPredictions,
  type Mistake,
  type WorstMistakesOptions,
  worstMistakes,
} from './mistakes.js';
export type { Theme } from './palette.js';
export {
  type CoordinateRow,
  type ParallelCoordinatesOptions,
  parallelCoordinates,
} from './parallel-coordinates.js';
export type {
  FactsBlock,
  PlotBlock,
  ReportBlock,
  ReportCell,
  ReportColumn,
  TableBlock,
  TextBlock,
} from './report/blocks.js';
export type { ReferenceRun } from './report/comparison.js';
export {
  type HtmlReportOptions,
  htmlReport,
  type ReportSection,
  type SummaryItem,
} from './report/html-report.js';
export { type TrainingReportOptions, trainingReport } from './report/training-report.js';
export {
  type ScatterPlotOptions,
  type ScatterPoint,
  type ScatterSeries,
  scatterPlot,
} from './scatter-plot.js';
export type { PlotOptions } from './svg.js';
export { type ToPngOptions, toPng } from './to-png.js';
export { type ExtraCurve, type TrainingCurvesOptions, trainingCurves } from './training-curves.js';
