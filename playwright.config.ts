import { defineConfig } from '@playwright/test';
import { launchOptions } from './scripts/browser.mjs';

/** A test trains a network on what may be a software adapter with two cores. */
const TEST_TIMEOUT_MS = 5 * 60_000;

export default defineConfig({
  testDir: 'e2e',
  globalSetup: './e2e/globalSetup.ts',
  outputDir: 'test-results',
  reporter: [['list'], ['json', { outputFile: '.cache/test/e2e.json' }]],
  timeout: TEST_TIMEOUT_MS,
  expect: { timeout: 30_000 },
  forbidOnly: true,
  // A flaky test is a fault to mend.
  retries: 0,
  // `npm test` takes two for all but the tests that measure time, which are tagged @alone.
  workers: 1,
  use: {
    // `launchOptions` chooses the headless mode by a flag.
    headless: false,
    launchOptions: launchOptions(),
    viewport: { width: 1440, height: 900 },
    screenshot: 'only-on-failure',
    // Recording costs a fifth of the time of all tests.
    trace: process.env['NORMLAB_TRACE'] ? 'retain-on-failure' : 'off',
  },
});
