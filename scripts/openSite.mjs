// Builds the app, serves it and starts a browser: what benchmarks and soaks begin with.
import { resolve } from 'node:path';
import { build } from 'vite';
import { ensureBrowser, launchOptions } from './browser.mjs';
import { serveSite } from './server.mjs';

const root = resolve(import.meta.dirname, '..');

/**
 * @param {{ dist?: string | undefined, args?: string[] }} [options] a build to serve as it is; without it, one is
 *   made. Flags for the browser besides those that give it WebGPU.
 * @returns {Promise<{ browser: import('playwright').Browser, url: string, close: () => Promise<void> }>}
 *   the caller closes it.
 * @throws {Error} with one sentence when there is no browser.
 */
export async function openSite({ dist, args = [] } = {}) {
  if (dist === undefined) await build({ root, logLevel: 'warn' });
  process.env['NORMLAB_BROWSER'] = ensureBrowser((line) => console.error(line));
  const { chromium } = await import('playwright');
  const server = await serveSite({ root: resolve(root, dist ?? 'dist') });
  const options = launchOptions();
  const browser = await chromium.launch({ ...options, args: [...options.args, ...args] });
  return {
    browser,
    url: server.url,
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}
