// @ts-check
// Reads vitest's JSON report.
import { readFileSync } from 'node:fs';

/**
 * @param {string} file The report.
 * @param {number | null} status Exit status of vitest.
 * @returns {{ passed: number, failed: number, skipped: number }}
 */
export function vitestCounts(file, status) {
  /** @type {import('vitest/reporters').JsonTestResults} */
  let report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return { passed: 0, failed: 1, skipped: 0 };
  }
  // A test file that cannot be loaded holds no test that could fail: it is one failure itself.
  const broken = report.testResults.filter(
    (suite) => suite.status === 'failed' && !suite.assertionResults.some((test) => test.status === 'failed'),
  ).length;
  let failed = report.numFailedTests + broken;
  // Unhandled errors and the like fail the run without failing a test.
  if (failed === 0 && status !== 0) failed = 1;
  return {
    passed: report.numPassedTests,
    failed,
    skipped: report.numPendingTests + (report.numTodoTests ?? 0),
  };
}
