import react from '@vitejs/plugin-react';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { browserArguments, isolationHeaders } from './scripts/browser.mjs';

// `base: './'` keeps every address relative, so that `dist` works from any host and any path.
export default defineConfig({
  base: './',
  plugins: [react()],
  worker: { format: 'es' },
  build: { target: 'es2023', chunkSizeWarningLimit: 2000 },
  server: { headers: isolationHeaders },
  preview: { headers: isolationHeaders },
  test: {
    projects: [
      {
        extends: true,
        test: { name: 'unit', environment: 'node', include: ['src/**/*.test.{ts,tsx}'], exclude: ['src/**/*.browser.test.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'browser',
          include: ['src/**/*.browser.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
          browser: {
            enabled: true,
            // Playwright's own headless shell has no WebGPU; Chrome's new headless mode has.
            headless: false,
            screenshotFailures: false,
            provider: playwright({
              launchOptions: {
                args: browserArguments(),
                ...(process.env['NORMLAB_BROWSER'] ? { executablePath: process.env['NORMLAB_BROWSER'] } : {}),
              },
            }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
