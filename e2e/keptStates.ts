import type { Page } from '@playwright/test';

/** Code for `beforeWorker`: the worker tells of each state of a run that it has kept. */
export const TELLS_STATES = `{
  const post = self.postMessage;
  self.postMessage = (message, transfer) => {
    if (message.event?.type === 'checkpoint') console.info('state kept after step ' + message.event.step);
    post.call(self, message, transfer);
  };
}`;

/** Has the state of the run that is going kept soon, as the page does when its tab is hidden. */
export async function askForState(page: Page): Promise<void> {
  await page.evaluate(() => {
    Object.defineProperty(document, 'visibilityState', { value: 'hidden', configurable: true });
    document.dispatchEvent(new Event('visibilitychange'));
    Reflect.deleteProperty(document, 'visibilityState');
  });
}

/** The same, and waits until it is kept. Needs `TELLS_STATES`. @returns steps done then. */
export async function keepState(page: Page): Promise<number> {
  const told = page.waitForEvent('console', (message) => message.text().startsWith('state kept'));
  await askForState(page);
  return Number(/\d+/.exec((await told).text())?.[0]);
}
