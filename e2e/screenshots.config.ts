import { defineConfig } from '@playwright/test';
import base from '../playwright.config.ts';

/** `npm run screenshots`: the pictures of the README, taken from real runs on the built-in set. */
export default defineConfig(base, {
  testDir: '.',
  testMatch: '*.shots.ts',
  globalSetup: './globalSetup.ts',
  outputDir: '../test-results',
  reporter: 'list',
  timeout: 60 * 60_000,
  use: { viewport: { width: 1440, height: 960 }, deviceScaleFactor: 1.5, trace: 'off', screenshot: 'off' },
});
