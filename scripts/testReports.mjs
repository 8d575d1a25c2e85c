// Counts what Vitest's and Playwright's JSON reports say.
import { existsSync, readFileSync } from 'node:fs';

/**
 * @typedef {object} Counts
 * @property {number} passed
 * @property {number} failed
 * @property {string[]} skipped titles, shown at the end of a run.
 */

/**
 * @typedef {{ fullName: string, status: string }} VitestCase
 * @typedef {{ name: string, status: string, assertionResults: VitestCase[] }} VitestFile
 * @typedef {{ testResults: VitestFile[] }} VitestReport
 */

/**
 * @typedef {{ title: string, tests: { status: string }[] }} PlaywrightSpec
 * @typedef {{ title: string, suites?: PlaywrightSuite[], specs?: PlaywrightSpec[] }} PlaywrightSuite
 * @typedef {{ suites: PlaywrightSuite[], errors: unknown[] }} PlaywrightReport
 */

/**
 * A file that fails before its first test, such as one that does not load, counts as one failure.
 * @param {string} file that Vitest wrote; nothing is counted when it is missing.
 * @returns {Counts}
 */
export function countVitest(file) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: 0, skipped: [] };
  if (!existsSync(file)) return counts;
  /** @type {VitestReport} */
  const report = JSON.parse(readFileSync(file, 'utf8'));
  for (const { status, assertionResults } of report.testResults) {
    for (const { fullName, status: outcome } of assertionResults) {
      if (outcome === 'passed') counts.passed += 1;
      else if (outcome === 'failed') counts.failed += 1;
      else counts.skipped.push(fullName);
    }
    if (status === 'failed' && assertionResults.every((test) => test.status !== 'failed')) counts.failed += 1;
  }
  return counts;
}

/**
 * A test that passed only when it was tried again counts as failed.
 * @param {string} file that Playwright wrote; nothing is counted when it is missing.
 * @returns {Counts}
 */
export function countPlaywright(file) {
  /** @type {Counts} */
  const counts = { passed: 0, failed: 0, skipped: [] };
  if (!existsSync(file)) return counts;
  /** @type {PlaywrightReport} */
  const report = JSON.parse(readFileSync(file, 'utf8'));
  counts.failed += report.errors.length;
  const suites = [...report.suites];
  for (const suite of suites) {
    suites.push(...(suite.suites ?? []));
    for (const { title, tests } of suite.specs ?? []) {
      for (const { status } of tests) {
        if (status === 'expected') counts.passed += 1;
        else if (status === 'skipped') counts.skipped.push(title);
        else counts.failed += 1;
      }
    }
  }
  return counts;
}
