import { describe, expect, it } from 'vitest';
import { loadingFigures, storageText } from './dataText.ts';

const loading = {
  kind: 'download',
  stage: 'Downloading',
  done: 48.2e6,
  total: 143.6e6,
  isCancelling: false,
} as const;

describe('loadingFigures', () => {
  it('says bytes, speed and remaining time of a download', () => {
    expect(loadingFigures({ ...loading, bytesPerSecond: 12.1e6, remainingMs: 12_000 }, false)).toBe(
      '48.2 MB of 143.6 MB · 12.1 MB/s · 10 s left',
    );
  });

  it('says that nothing comes in place of an old speed', () => {
    expect(loadingFigures({ ...loading, bytesPerSecond: 12.1e6, remainingMs: 12_000 }, true)).toBe(
      '48.2 MB of 143.6 MB · waiting for the connection',
    );
  });

  it('says a share of what is no download', () => {
    expect(loadingFigures({ ...loading, kind: 'files', done: 1, total: 4 }, false)).toBe('25.0 %');
    expect(loadingFigures({ ...loading, kind: 'files', done: 0, total: 0 }, false)).toBe('…');
  });
});

describe('storageText', () => {
  const usage = { datasetBytes: 184.4e6, usage: 190e6, quota: 10e9, isPersistent: false };

  it('says what is taken, allowed and at risk', () => {
    expect(storageText(usage, 1)).toBe(
      '1 data set takes 184.4 MB. This site uses 190.0 MB of the 10.0 GB that the browser allows. The browser may clear them when the disk is full.',
    );
  });

  it('says less where the browser says less', () => {
    const unknown = { datasetBytes: 0, usage: undefined, quota: undefined, isPersistent: undefined };
    expect(storageText(unknown, 0)).toBe('No data set is kept in this browser yet; loaded ones are.');
  });
});
