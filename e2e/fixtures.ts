import { existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { test as base, expect, type Page } from '@playwright/test';
import { serveSite, type SiteServer } from '../scripts/server.mjs';

export { expect };

/** The built site. */
export const DIST = resolve(import.meta.dirname, '../dist');

/** Faults of a page that no assertion asks for; any of them fails the test at its end. */
export interface PageFaults {
  /** Console errors that match are expected in this test, such as the report of a broken file. */
  allow(pattern: RegExp): void;
  readonly list: readonly string[];
  /** Those that `allow` took out of the list. */
  readonly allowed: readonly string[];
}

/**
 * Records uncaught errors, console errors (page and workers), violations of the content security policy and
 * requests to other origins than the page's own.
 */
export async function watch(page: Page): Promise<PageFaults> {
  const found: string[] = [];
  const expected: RegExp[] = [];
  const isExpected = (fault: string): boolean => expected.some((pattern) => pattern.test(fault));
  page.on('pageerror', (error) => found.push(`uncaught: ${error.stack ?? error.message}`));
  page.on('crash', () => found.push('the page crashed'));
  page.on('console', (message) => {
    if (message.type() === 'error') found.push(`console: ${message.text()} (${message.location().url})`);
  });
  page.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol === 'data:' || protocol === 'blob:') return;
    const own = page.url() === 'about:blank' ? origin : new URL(page.url()).origin;
    if (origin !== own) found.push(`request to another origin: ${request.url()}`);
  });
  // Chromium reports violations to the console too, but not those of every directive in every context.
  await page.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', (event) => {
      console.error(
        `policy violation: ${event.violatedDirective} refused ${event.blockedURI || 'inline code'}`,
      );
    });
  });
  return {
    allow: (pattern) => void expected.push(pattern),
    get list() {
      return found.filter((fault) => !isExpected(fault));
    },
    get allowed() {
      return found.filter((fault) => isExpected(fault));
    },
  };
}

interface TestFixtures {
  /** Watches `page` in every test; ask for it to allow an expected error. */
  faults: PageFaults;
}

interface WorkerFixtures {
  /** Serves the built site at the root of a host; `page.goto('./')` opens it. */
  site: SiteServer;
}

export const test = base.extend<TestFixtures, WorkerFixtures>({
  site: [
    // Playwright reads the names of the first parameter's fields, so it must be a pattern.
    // oxlint-disable-next-line no-empty-pattern
    async ({}, use) => {
      const server = await serveSite({ root: DIST, port: 0 });
      await use(server);
      await server.close();
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ site }, use) => use(site.url),
  faults: [
    async ({ page }, use) => {
      const faults = await watch(page);
      await use(faults);
      expect(faults.list, 'errors that no assertion asked for').toEqual([]);
    },
    { auto: true },
  ],
});

/**
 * The real CIFAR-10 sample that lies beside the project on some machines: paths of its `.bin` files, or
 * undefined where there is none.
 */
export function realSample(): readonly string[] | undefined {
  const folder = resolve(import.meta.dirname, '../../shared/data/cifar10');
  if (!existsSync(folder)) return undefined;
  const files = readdirSync(folder).filter((name) => name.endsWith('.bin'));
  return files.length > 0 ? files.map((name) => join(folder, name)) : undefined;
}
