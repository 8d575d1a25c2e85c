import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';
import { browserArguments, findBrowser } from '../scripts/browser.mjs';

const START_TIMEOUT_MS = 60_000;

/**
 * A browser that Playwright did not start: its tabs are hidden, and can be frozen, like those of a person, and it
 * can be killed. Playwright's own pages always count as visible.
 */
export interface BrowserProcess {
  readonly browser: Browser;
  /** Its first tab. */
  readonly page: Page;
  /** Ends all its processes at once, as a crash or a power cut would. */
  readonly kill: () => Promise<void>;
}

/** @param profile folder of its storage, which outlives it. */
export async function startBrowser(profile: string): Promise<BrowserProcess> {
  const executable = findBrowser();
  if (!executable) throw new Error('No browser: install Chrome or Chromium, or set NORMLAB_BROWSER.');
  // What a killed browser has left: it would be found instead of the new one's.
  for (const file of ['DevToolsActivePort', 'SingletonLock', 'SingletonSocket', 'SingletonCookie']) {
    await rm(join(profile, file), { force: true });
  }
  const child = spawn(
    executable,
    [
      ...browserArguments(),
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      '--window-size=1440,900',
      '--no-default-browser-check',
      'about:blank',
    ],
    // A group of its own, so that one signal reaches all its processes.
    { detached: true, stdio: 'ignore' },
  );
  try {
    const browser = await chromium.connectOverCDP(await endpoint(child, profile), { noDefaults: true });
    const [context] = browser.contexts();
    const page = context!.pages()[0] ?? (await context!.newPage());
    return { browser, page, kill: () => kill(child) };
  } catch (error) {
    await kill(child);
    throw error;
  }
}

/** A profile for the time of a test. */
export async function withProfile(use: (profile: string) => Promise<void>): Promise<void> {
  const profile = await mkdtemp(join(tmpdir(), 'normlab-profile-'));
  try {
    await use(profile);
  } finally {
    await rm(profile, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  }
}

/** The browser writes its port into its profile as soon as it listens. */
async function endpoint(child: ChildProcess, profile: string): Promise<string> {
  const file = join(profile, 'DevToolsActivePort');
  for (const end = Date.now() + START_TIMEOUT_MS; Date.now() < end;) {
    if (child.exitCode !== null) throw new Error(`The browser ended with ${child.exitCode}.`);
    const [port, path] = (await readFile(file, 'utf8').catch(() => '')).split('\n');
    if (port && path) return `ws://127.0.0.1:${port}${path}`;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('The browser did not start.');
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  process.kill(-child.pid!, 'SIGKILL');
  await ended;
}
