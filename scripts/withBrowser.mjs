// Runs a command of node_modules/.bin with NORMLAB_BROWSER set:
// node scripts/withBrowser.mjs vitest run --project browser src/gpu
import { spawn } from 'node:child_process';
import { delimiter, resolve } from 'node:path';
import { ensureBrowser } from './browser.mjs';

const [command, ...args] = process.argv.slice(2);
if (!command) fail('usage: node scripts/withBrowser.mjs COMMAND [ARGUMENT…]');

/** @type {string} */
let browser;
try {
  browser = ensureBrowser((line) => console.error(line));
} catch (error) {
  fail(error instanceof Error ? error.message : String(error));
}

const bin = resolve(import.meta.dirname, '../node_modules/.bin');
const child = spawn(command, args, {
  stdio: 'inherit',
  // npm's commands are .cmd files there, which only a shell can start.
  shell: process.platform === 'win32',
  env: { ...process.env, NORMLAB_BROWSER: browser, PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}` },
});
child.on('error', (error) => fail(`${command}: ${error.message}`));
child.on('exit', (status) => process.exit(status ?? 1));
// The terminal sends its signals to the child as well; wait for the child's own end.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => child.kill('SIGTERM'));

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(message);
  process.exit(1);
}
