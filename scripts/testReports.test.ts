import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { countPlaywright, countVitest } from './testReports.mjs';

const folder = mkdtempSync(join(tmpdir(), 'normlab-reports-'));
afterAll(() => rmSync(folder, { recursive: true }));

function report(content: unknown): string {
  const file = join(folder, 'report.json');
  writeFileSync(file, JSON.stringify(content));
  return file;
}

describe('countVitest', () => {
  it('counts outcomes, and a file that did not load as a failure', () => {
    const counts = countVitest(
      report({
        testResults: [
          {
            name: 'a.test.ts',
            status: 'failed',
            assertionResults: [
              { fullName: 'adds', status: 'passed' },
              { fullName: 'divides', status: 'failed' },
              { fullName: 'waits', status: 'pending' },
            ],
          },
          { name: 'broken.test.ts', status: 'failed', assertionResults: [] },
        ],
      }),
    );
    expect(counts).toEqual({ passed: 1, failed: 2, skipped: ['waits'] });
  });

  it('counts nothing where there is no report', () => {
    expect(countVitest(join(folder, 'none.json'))).toEqual({ passed: 0, failed: 0, skipped: [] });
  });
});

describe('countPlaywright', () => {
  it('walks nested suites, and counts flaky tests and global errors as failed', () => {
    const spec = (title: string, status: string): object => ({ title, tests: [{ status }] });
    const counts = countPlaywright(
      report({
        errors: [{ message: 'no server' }],
        suites: [
          {
            title: 'a.spec.ts',
            specs: [spec('opens', 'expected'), spec('closes', 'flaky')],
            suites: [{ title: 'deep', specs: [spec('trains', 'unexpected'), spec('rests', 'skipped')] }],
          },
        ],
      }),
    );
    expect(counts).toEqual({ passed: 1, failed: 3, skipped: ['rests'] });
  });
});
