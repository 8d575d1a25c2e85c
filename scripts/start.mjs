// npm start: builds the site, serves it and opens it.
//   npm start -- [--port N] [--host ADDRESS] [--no-open]
import { spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { dataFolder } from './localData.mjs';
import { serveSite } from './server.mjs';

const { values } = parseArgs({
  options: { port: { type: 'string' }, host: { type: 'string' }, 'no-open': { type: 'boolean' } },
});
const port = values.port === undefined ? undefined : Number(values.port);
if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port < 65_536)) {
  console.error(`--port ${values.port}: expected a number from 0 to 65535`);
  process.exit(2);
}

const root = resolve(import.meta.dirname, '..');
console.log('building …');
await build({ root, logLevel: 'warn' });
try {
  const server = await serveSite({
    root: resolve(root, 'dist'),
    data: dataFolder,
    ...(port === undefined ? {} : { port }),
    ...(values.host === undefined ? {} : { host: values.host }),
  });
  console.log(`\n  NormLab is at ${server.url}\n  (Ctrl+C ends it)\n`);
  if (!values['no-open'] && hasDesktop()) open(server.url);
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => void server.close().then(() => process.exit(0)));
  }
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exit(1);
}

function hasDesktop() {
  if (process.env['CI']) return false;
  if (process.platform === 'darwin' || process.platform === 'win32') return true;
  return Boolean(process.env['DISPLAY'] ?? process.env['WAYLAND_DISPLAY']);
}

/** @param {string} url */
function open(url) {
  /** @type {readonly [command: string, args: string[]]} */
  const [command, args] =
    process.platform === 'darwin'
      ? ['open', [url]]
      : process.platform === 'win32'
        ? ['cmd', ['/c', 'start', '', url]]
        : ['xdg-open', [url]];
  // Without a browser the printed address still serves.
  spawn(command, args, { stdio: 'ignore', detached: true })
    .on('error', () => {})
    .unref();
}
