// npm run lab: trains from the command line. `npm run lab -- --help` says everything, docs/lab.md more.
import { resolve } from 'node:path';
import { createServer } from 'vite';

// The command line is TypeScript and shares the parameter table with the page; Node 20 reads no TypeScript.
const server = await createServer({
  root: resolve(import.meta.dirname, '..'),
  configFile: false,
  appType: 'custom',
  logLevel: 'error',
  optimizeDeps: { noDiscovery: true },
  server: { middlewareMode: true, hmr: false, ws: false, watch: null },
});
try {
  const { main } = await server.ssrLoadModule('/scripts/lab/cli.ts');
  process.exitCode = await main(process.argv.slice(2), (/** @type {string} */ path) =>
    server.ssrLoadModule(path),
  );
} finally {
  await server.close();
}
