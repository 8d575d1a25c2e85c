import { describe, expect, it } from 'vitest';
import { plainTwin, stockRatio } from './benchmark.ts';
import type { BenchmarkRow } from './benchmark.ts';

function row(change: Partial<BenchmarkRow>): BenchmarkRow {
  return {
    system: 'NormLab',
    norm: 'bn',
    ws: false,
    ms: 10,
    imagesPerSecond: 1,
    gflops: 1,
    issueMs: 1,
    firstStepMs: 1,
    dispatches: 1,
    submits: 1,
    stepCount: 1,
    ...change,
  };
}

const bn = row({});
const bnWs = row({ ws: true, ms: 10.2 });
const stock = row({ system: 'stock tfjs', ms: 200 });
const rows = [bn, bnWs, row({ norm: 'gn', ws: true }), stock];

describe('stockRatio', () => {
  it('compares with the same arm of stock tfjs alone', () => {
    expect(stockRatio(bn, rows)).toBe(20);
    expect(stockRatio(bnWs, rows)).toBeUndefined();
    expect(stockRatio(stock, rows)).toBeUndefined();
  });
});

describe('plainTwin', () => {
  it('is the same normalization of the same system', () => {
    expect(plainTwin(bnWs, rows)).toBe(bn);
    expect(plainTwin(bn, rows)).toBeUndefined();
    expect(plainTwin(rows[2]!, rows)).toBeUndefined();
    expect(plainTwin(row({ system: 'stock tfjs', ws: true, ms: 250 }), rows)).toBe(stock);
  });
});
