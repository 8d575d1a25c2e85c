import { describe, expect, it } from 'vitest';
import { stockRatio, wsOverhead } from './benchmark.ts';
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

describe('wsOverhead', () => {
  it('compares with the same normalization of the same system', () => {
    expect(wsOverhead(bnWs, rows)).toBeCloseTo(0.02);
    expect(wsOverhead(bn, rows)).toBeUndefined();
    expect(wsOverhead(rows[2]!, rows)).toBeUndefined();
    expect(wsOverhead(row({ system: 'stock tfjs', ws: true, ms: 250 }), rows)).toBeCloseTo(0.25);
  });
});
