import react from '@vitejs/plugin-react';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { launchOptions } from './scripts/browser.mjs';
import { isolationHeaders, siteHeaders } from './scripts/headers.mjs';
import { localData } from './scripts/localData.mjs';
import { security } from './scripts/securityPlugin.mjs';

/** Property tests take seconds on a quiet machine, and several times that on a busy one. */
const UNIT_TIMEOUT_MS = 30_000;
/** One browser test may compile many pipelines and run them on a software adapter. */
const BROWSER_TIMEOUT_MS = 120_000;

/** Of bundled dependencies, where servers run beside each other. */
const cacheDir = process.env['NORMLAB_VITE_CACHE'];

export default defineConfig({
  // Every address is relative, so that `dist` works from any host and any path.
  base: './',
  plugins: [react(), security(), localData()],
  ...(cacheDir && { cacheDir }),
  worker: { format: 'es' },
  // Inlined fonts would be data: addresses, which the policy refuses.
  build: {
    target: 'es2023',
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 2000,
    rolldownOptions: { input: ['index.html', 'bench.html', 'lab.html'] },
  },
  // A dependency that Vite finds late makes it reload the page, in the middle of a test too: name those that
  // only workers reach.
  optimizeDeps: {
    include: [
      '@tensorflow/tfjs',
      '@tensorflow/tfjs-backend-webgpu',
      'fast-png',
      'fflate',
      'hyparquet',
      'jpeg-js',
      'valibot',
    ],
  },
  server: { headers: isolationHeaders },
  preview: { headers: siteHeaders },
  test: {
    // No test may be left out by accident, and none kept from running by a forgotten `only`.
    allowOnly: false,
    passWithNoTests: false,
    // Only tests that take this long have a line of their own.
    slowTestThreshold: 5_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          environment: 'node',
          testTimeout: UNIT_TIMEOUT_MS,
          include: ['src/**/*.test.{ts,tsx}', 'scripts/**/*.test.ts'],
          exclude: ['src/**/*.browser.test.ts'],
        },
      },
      {
        extends: true,
        // What only tests reach, for the same reason as above.
        optimizeDeps: {
          include: [
            '@base-ui/react/menu',
            'hyparquet-writer',
            'modern-tar',
            'react',
            'react-dom',
            'react-dom/client',
            'recharts',
            'zustand',
          ],
        },
        test: {
          name: 'browser',
          include: ['src/**/*.browser.test.ts'],
          testTimeout: BROWSER_TIMEOUT_MS,
          hookTimeout: BROWSER_TIMEOUT_MS,
          // One software adapter uses every core; two files at once would only wait for each other.
          fileParallelism: false,
          browser: {
            enabled: true,
            // Chosen by a flag, see browserArguments; without `ui: false` a window would show Vitest's own page.
            headless: false,
            ui: false,
            screenshotFailures: false,
            provider: playwright({ launchOptions: launchOptions() }),
            instances: [{ browser: 'chromium' }],
          },
        },
      },
    ],
  },
});
