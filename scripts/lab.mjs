// npm run lab: trains from the command line. `npm run lab -- --help` says everything, docs/lab.md more.
import { moduleServer } from './moduleServer.mjs';

const server = await moduleServer();
try {
  const { main } = await server.ssrLoadModule('/scripts/lab/cli.ts');
  process.exitCode = await main(process.argv.slice(2), (/** @type {string} */ path) =>
    server.ssrLoadModule(path),
  );
} finally {
  await server.close();
}
