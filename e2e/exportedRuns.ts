import type { Page } from '@playwright/test';
import { expect } from './fixtures.ts';

/** What the tests ask of a run in the page's JSON export; `docs/export.md` describes all of it. */
export interface ExportedRun {
  readonly run: {
    readonly header: { readonly number: number };
    readonly status: string;
    readonly stepCount: number;
    readonly epochs: readonly { readonly milliseconds: number }[];
  };
  readonly steps: { readonly losses: readonly (number | string)[]; readonly elapsedMs: readonly number[] };
}

/** All runs with every step, as the page exports them; also in a browser that tells of no downloads. */
export async function exportedRuns(page: Page): Promise<readonly ExportedRun[]> {
  const text = page.evaluate(
    () =>
      new Promise<string>((resolve) => {
        const create = URL.createObjectURL.bind(URL);
        URL.createObjectURL = (file) => {
          URL.createObjectURL = create;
          void (file as Blob).text().then(resolve);
          return create(file);
        };
      }),
  );
  await page.getByRole('tab', { name: 'Compare' }).click();
  await page.getByRole('button', { name: /^Export \d+ listed/ }).click();
  await page.getByRole('menuitem', { name: 'JSON, with every step' }).click();
  return (JSON.parse(await text) as { runs: ExportedRun[] }).runs;
}

/** Every loss and every validation, bit for bit: only the clock may differ. */
export function results({ run, steps }: ExportedRun): unknown {
  return { losses: steps.losses, epochs: run.epochs.map(({ milliseconds: _, ...row }) => row) };
}

/** Expects runs of one set-up to have recorded the same, whatever happened to them. */
export function expectSameTraining(runs: readonly ExportedRun[]): void {
  const [first, ...others] = runs;
  expect(first!.run.status).toBe('finished');
  for (const loss of first!.steps.losses) expect(loss).toBeGreaterThan(0);
  for (const other of others) expect(results(other)).toEqual(results(first!));
}
