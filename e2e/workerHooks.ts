import type { Page } from '@playwright/test';

/** Runs code in the training worker before its own: init scripts reach pages only. */
export async function beforeWorker(page: Page, code: string): Promise<void> {
  await page.route(/train\.worker[^/]*\.js$/, async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, body: `${code}\n${await response.text()}` });
  });
}
