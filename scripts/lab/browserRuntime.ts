import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright';
import type { LabJob, LabOutcome, LabPage } from '#lab/messages.ts';
import { valueOf } from '#lab/labError.ts';
import { ensureBrowser, launchOptions } from '../browser.mjs';
import { serveSite } from '../server.mjs';
import { fileRoutes } from './fileRoutes.ts';
import { writeOutput } from './outputFolder.ts';
import type { Runtime, RuntimeOptions } from './runtime.ts';
import { builtSite } from './site.ts';
import { UsageError } from './usageError.ts';

declare global {
  // Of the page, inside `evaluate`.
  var lab: LabPage;
}

const root = resolve(import.meta.dirname, '../..');
const cache = resolve(root, '.cache/lab');
/** Tile choices of adapters, which decide a run's bits: they outlive the browser's profile, which is empty. */
const TUNING = 'browser-tuning.json';

/**
 * The built app's worker in headless Chromium.
 * @throws {UsageError} when there is no browser.
 */
export async function openBrowserRuntime({ inputs, out, onEvent, log }: RuntimeOptions): Promise<Runtime> {
  try {
    process.env['NORMLAB_BROWSER'] = ensureBrowser(log);
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
  const site = await builtSite(root, log);
  const key = randomBytes(16).toString('hex');
  const server = await serveSite({ root: site, port: 0, first: fileRoutes(key, inputs, out) });
  const browser = await launch();
  const close = async (): Promise<void> => {
    await browser.close();
    await server.close();
  };
  try {
    const page = await browser.newPage();
    const gone = whenGone(page, log);
    const inPage = <Result>(work: Promise<Result>): Promise<Result> => Promise.race([work, gone]);
    await page.exposeFunction('normLabEvent', onEvent);
    await page.goto(new URL(`lab.html#${key}`, server.url).href);
    await inPage(page.waitForFunction('globalThis.lab'));
    page.setDefaultTimeout(0);
    const path = resolve(cache, TUNING);
    const tuning = existsSync(path) ? readFileSync(path, 'utf8') : undefined;
    return {
      async open(data) {
        const both = [data, tuning] as const;
        valueOf(await inPage(page.evaluate(([given, kept]) => globalThis.lab.open(given, kept), both)));
      },
      async run(job: LabJob): Promise<LabOutcome> {
        const outcome = await inPage(page.evaluate((given) => globalThis.lab.run(given), job));
        const choices = await inPage(page.evaluate(() => globalThis.lab.tuning()));
        if (choices !== undefined) writeOutput(cache, TUNING, choices);
        return valueOf(outcome);
      },
      stop: () => void page.evaluate(() => globalThis.lab.stop()).catch(() => undefined),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

async function launch(): Promise<Browser> {
  try {
    // Ctrl+C ends the run with a checkpoint, for which the browser has to live on.
    return await chromium.launch({
      ...launchOptions(),
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
  } catch (error) {
    const [line = ''] = error instanceof Error ? error.message.split('\n') : [String(error)];
    throw new UsageError(`The browser did not start: ${line}`);
  }
}

/** Rejects when nothing more can come from the page. */
function whenGone(page: Page, log: (line: string) => void): Promise<never> {
  const gone = new Promise<never>((_resolve, reject) => {
    page.on('crash', () => reject(new Error('The page of the lab crashed.')));
    page.on('close', () => reject(new Error('The browser ended.')));
  });
  // It may happen while nobody waits.
  gone.catch(() => undefined);
  page.on('pageerror', (error) => log(error.message));
  return gone;
}
