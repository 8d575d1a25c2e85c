// Finds a browser for tests and command-line runs, brings one where there is none, and knows the flags
// that give it WebGPU.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';

const candidates = [
  '/usr/bin/google-chrome',
  '/usr/bin/google-chrome-stable',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/**
 * Path of an installed Chrome or Chromium, else of Playwright's own download, else undefined.
 * `NORMLAB_BROWSER` overrides the search.
 * @param {(path: string) => boolean} [accepts] passes over files that it refuses; every file by default.
 * @returns {string | undefined}
 * @throws {Error} when `NORMLAB_BROWSER` names a file that does not exist.
 */
export function findBrowser(accepts = () => true) {
  const named = process.env['NORMLAB_BROWSER'];
  if (named) {
    if (!existsSync(named)) throw new Error(`NORMLAB_BROWSER names ${named}, which does not exist`);
    return named;
  }
  return [...candidates, chromium.executablePath()].find((path) => existsSync(path) && accepts(path));
}

/**
 * A browser to use, brought to this machine when there is none: Playwright's own download, else Debian's
 * `chromium` package.
 * @param {(line: string) => void} log told what is done, line by line.
 * @returns {string} path of the executable.
 * @throws {Error} with one sentence that says what to do, when nothing worked.
 */
export function ensureBrowser(log) {
  const found = findBrowser(starts);
  if (found) return found;

  log('no Chrome or Chromium found: trying the download of Playwright');
  const playwright = [
    process.execPath,
    fileURLToPath(new URL('cli.js', import.meta.resolve('playwright/package.json'))),
  ];
  attempt([...playwright, 'install', '--no-shell', 'chromium'], log);
  const own = chromium.executablePath();
  if (existsSync(own) && !starts(own) && isRoot() && has('apt-get')) {
    log('the download lacks libraries here: adding them with apt-get');
    attempt([...playwright, 'install-deps', 'chromium'], log);
  }
  const downloaded = findBrowser(starts);
  if (downloaded) {
    log(`downloaded ${downloaded}`);
    return downloaded;
  }

  const root = rootPrefix();
  if (has('apt-get') && root) {
    log('no download: trying the package chromium of apt-get');
    attempt([...root, 'apt-get', 'update', '-qq'], log);
    attempt([...root, 'apt-get', 'install', '-y', '-qq', '--no-install-recommends', ...debianPackages], log);
    const installed = findBrowser(starts);
    if (installed) {
      log(`installed ${installed}`);
      return installed;
    }
  }
  throw new Error(
    'no Chrome or Chromium here and none could be brought: install one, or set NORMLAB_BROWSER to its path',
  );
}

/** What a Debian machine needs to run the tests: the sandbox for users other than root, a font for the page. */
const debianPackages = ['chromium', 'chromium-sandbox', 'fonts-liberation'];

/**
 * Flags for a browser whose WebGPU works here: SwiftShader unless NORMLAB_GPU=hardware.
 * @returns {string[]}
 */
export function browserArguments() {
  const common = [
    // Playwright's own headless shell has no WebGPU; Chrome's new headless mode has.
    '--headless=new',
    '--no-first-run',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--disable-quic',
    '--enable-unsafe-webgpu',
    // Containers often have a /dev/shm of 64 MiB, too small for shared GPU memory.
    '--disable-dev-shm-usage',
  ];
  // Chromium's sandbox refuses to start as root, which is what containers run as.
  if (isRoot()) common.push('--no-sandbox');
  if (process.env['NORMLAB_GPU'] !== 'hardware') {
    return [...common, '--use-webgpu-adapter=swiftshader', '--enable-unsafe-swiftshader'];
  }
  if (process.platform !== 'linux') return common;
  // Chromium on Linux offers drivers outside its list, and without a window, only when told to.
  return [
    ...common,
    '--ignore-gpu-blocklist',
    '--enable-features=Vulkan',
    '--use-vulkan=native',
    '--use-angle=vulkan',
    '--disable-vulkan-surface',
  ];
}

/**
 * Launch options for Playwright: no `headless`, since `browserArguments` chooses the mode.
 * @returns {{ headless: false, args: string[], executablePath?: string }}
 */
export function launchOptions() {
  const executablePath = findBrowser();
  return { headless: false, args: browserArguments(), ...(executablePath ? { executablePath } : {}) };
}

/**
 * Whether the executable runs at all: Ubuntu's `chromium-browser` may be a stub that asks for a snap.
 * @param {string} path
 */
function starts(path) {
  // Chrome on Windows opens a window instead of printing its version.
  if (process.platform === 'win32') return true;
  return spawnSync(path, ['--version'], { stdio: 'ignore', timeout: 60_000 }).status === 0;
}

/** @param {string} command */
function has(command) {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).status === 0;
}

function isRoot() {
  return process.getuid?.() === 0;
}

/**
 * What to put before a command so that it runs as root without asking, or undefined.
 * @returns {string[] | undefined}
 */
function rootPrefix() {
  if (isRoot()) return [];
  if (spawnSync('sudo', ['-n', 'true'], { stdio: 'ignore' }).status !== 0) return undefined;
  return ['sudo', '-n', 'env', 'DEBIAN_FRONTEND=noninteractive']; // sudo clears the environment
}

/**
 * Runs a command to its end and says in a line how it failed, if it did.
 * @param {readonly string[]} words the command and its arguments.
 * @param {(line: string) => void} log
 */
function attempt(words, log) {
  const [command, ...args] = words;
  const result = spawnSync(String(command), args, {
    encoding: 'utf8',
    timeout: 15 * 60_000,
    env: {
      ...process.env,
      DEBIAN_FRONTEND: 'noninteractive',
      PLAYWRIGHT_DOWNLOAD_CONNECTION_TIMEOUT: '15000',
    },
  });
  if (result.status === 0) return;
  const lines = `${result.error?.message ?? ''}\n${result.stdout}\n${result.stderr}`.split('\n');
  const said = lines.findLast((line) => /error|unable|failed|cannot/i.test(line));
  log(`  ${words.join(' ')} ended with ${result.status ?? result.signal}: ${said?.trim() ?? 'no message'}`);
}
