/**
 * Training curves, confusion matrices and wrong digits as SVG, PNG and one HTML report.
 *
 * @module
 */
export {};
