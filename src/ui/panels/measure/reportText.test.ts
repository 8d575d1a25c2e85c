import { describe, expect, it } from 'vitest';
import type { DatedReport } from '#client/gpuMeasurement.ts';
import type { BenchmarkRow } from '#domain/benchmark.ts';
import { browserName, columnsOf, measuringText, reportText } from './reportText.ts';

const bn: BenchmarkRow = {
  system: 'NormLab',
  norm: 'bn',
  ws: false,
  ms: 12.345,
  imagesPerSecond: 1296.1,
  gflops: 271.83,
  issueMs: 0.1234,
  firstStepMs: 800,
  dispatches: 150,
  submits: 1,
  stepCount: 20,
};
const report: DatedReport = {
  adapter: 'Test GPU',
  width: 16,
  batch: 16,
  finishedAt: new Date(Date.UTC(2026, 10, 22, 9, 5)),
  rows: [
    bn,
    { ...bn, ws: true, ms: 12.222, dispatches: 152, gpuBytes: 18_240_000, overPlain: 1.021 },
    {
      ...bn,
      system: 'stock tfjs',
      ms: 246.9,
      imagesPerSecond: 64.8,
      gflops: 13.6,
      dispatches: 2004,
      submits: 134,
      issueMs: 150,
      stepCount: 2,
    },
  ],
};

describe('reportText', () => {
  it('says what, where and when, and aligns the columns', () => {
    expect(reportText(report, 'Chrome 143 on Linux')).toBe(
      [
        'NormLab: time of a training step',
        'ResNet-18, width 16, batch 16, 32 × 32 images, AdamW, float32',
        'Test GPU; Chrome 143 on Linux; 2026-11-22 09:05 UTC',
        'medians of 20 steps, stock TensorFlow.js of 2 steps',
        '',
        '                        ms/step  images/s  GFLOP/s  dispatches  submits  JS ms  first step  GPU MB  WS adds  × stock',
        'NormLab BN                 12.3     1,296      272         150        1  0.123       0.8 s                        20',
        'NormLab BN+WS              12.2     1,296      272         152        1  0.123       0.8 s    18.2   +2.1 %',
        'Stock TensorFlow.js BN      247        65     13.6       2,004      134    150       0.8 s',
        '',
      ].join('\n'),
    );
  });
});

describe('columnsOf', () => {
  it('leaves out what no row can fill', () => {
    const heads = (rows: readonly BenchmarkRow[]): string[] => columnsOf(rows).map(({ head }) => head);
    expect(heads([bn])).not.toContain('in a row');
    expect(heads([bn])).not.toContain('× stock');
    expect(heads([{ ...bn, streamMs: 3 }])).toContain('in a row');
  });
});

describe('measuringText', () => {
  it('names system, arms and step', () => {
    expect(measuringText(undefined)).toBe('Opening the GPU…');
    const arms = [bn, { ...bn, ws: true }];
    expect(measuringText({ system: 'NormLab', stage: 'timing', arms, done: 2, total: 20 })).toBe(
      'NormLab BN, BN+WS: step 3 of 20',
    );
    expect(
      measuringText({ system: 'stock tfjs', stage: 'first step', arms: [bn], done: 0, total: 2 }),
    ).toContain('Stock TensorFlow.js BN: first step');
  });
});

describe('browserName', () => {
  it.each([
    [
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36',
      'Chrome 143 on Linux',
    ],
    [
      'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0.0.0',
      'Edge 143 on Windows',
    ],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:145.0) Gecko/20100101 Firefox/145.0',
      'Firefox 145 on macOS',
    ],
    [
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/26.0 Mobile/15E148 Safari/604.1',
      'Safari 26.0 on iOS',
    ],
    ['curl/8', 'curl/8'],
  ])('%s', (userAgent, name) => {
    expect(browserName(userAgent)).toBe(name);
  });
});
