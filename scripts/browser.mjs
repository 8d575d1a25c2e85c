// Finds a browser for tests and command-line runs, and knows the flags that give it WebGPU.
import { existsSync } from 'node:fs';
import { chromium } from 'playwright';

const candidates = [
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** Headers of the dev and preview servers: the same isolation that a production host should set. */
export const isolationHeaders = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/**
 * Path of an installed Chrome or Chromium, else of Playwright's own download, else undefined.
 * `NORMLAB_BROWSER` overrides the search.
 * @returns {string | undefined}
 */
export function findBrowser() {
  const named = process.env['NORMLAB_BROWSER'];
  if (named) {
    if (!existsSync(named)) throw new Error(`NORMLAB_BROWSER names ${named}, which does not exist`);
    return named;
  }
  const installed = candidates.find((path) => existsSync(path));
  if (installed) return installed;
  const own = chromium.executablePath();
  return existsSync(own) ? own : undefined;
}

/**
 * Flags for a browser whose WebGPU works here: SwiftShader unless NORMLAB_GPU=hardware.
 * @returns {string[]}
 */
export function browserArguments() {
  const common = [
    '--headless=new',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
    '--enable-unsafe-webgpu',
  ];
  // Chromium's sandbox refuses to start as root, which is what containers run as.
  if (process.getuid?.() === 0) common.push('--no-sandbox');
  if (process.env['NORMLAB_GPU'] === 'hardware') return common;
  return [...common, '--use-webgpu-adapter=swiftshader', '--enable-unsafe-swiftshader'];
}
