// Loads the page's own modules in Node: they are TypeScript, which Node 20 does not read.
import { resolve } from 'node:path';
import { createServer } from 'vite';

/** @returns {Promise<import('vite').ViteDevServer>} for `ssrLoadModule`; the caller closes it. */
export function moduleServer() {
  return createServer({
    root: resolve(import.meta.dirname, '..'),
    configFile: false,
    appType: 'custom',
    logLevel: 'error',
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, ws: false, watch: null },
  });
}
