import { describe, expect, it } from 'vitest';
import { streamInTurn, type Contestant } from './stepBenchmark.ts';

/** Takes `stepMs` for a step, and `waitMs` more for each submission. */
function contestant(stepMs: number, waitMs: number, asked: number[] = []): Contestant {
  return {
    step: () => Promise.reject(new Error('not in this test')),
    stream: async (count) => {
      asked.push(count);
      return count * stepMs + waitMs;
    },
    firstStepMs: 0,
    firstLoss: 0,
    gpuBytes: () => undefined,
    dispose: () => undefined,
  };
}

describe('streamInTurn', () => {
  it('leaves the wait for a submission out of a short step, more so once it knows the step', async () => {
    const asked: number[] = [];
    // A step on its own seems to take 21 ms: nine of them, then as many as fill a submission.
    const [times] = (await streamInTurn([contestant(1, 20, asked)], [21], () => undefined))!;
    expect(asked).toEqual([9, 62, 62, 62, 62, 62]);
    expect(times).toHaveLength(5);
    expect(Math.max(...times!)).toBeLessThan(1.4);
  });

  it('measures nothing where one step fills a submission', async () => {
    const asked: number[] = [];
    const two = [contestant(1, 0, asked), contestant(150, 0, asked)];
    expect(await streamInTurn(two, [1, 150], () => undefined)).toBeUndefined();
    expect(asked).toEqual([]);
  });

  it('never asks for more than a submission holds', async () => {
    const asked: number[] = [];
    await streamInTurn([contestant(0.01, 0, asked)], [0.01], () => undefined);
    expect(Math.max(...asked)).toBe(128);
  });

  it('ends before the next submission when it is cancelled', async () => {
    const asked: number[] = [];
    const cancelled = streamInTurn([contestant(1, 0, asked)], [1], () => {
      if (asked.length === 2) throw new DOMException('', 'AbortError');
    });
    await expect(cancelled).rejects.toThrow(DOMException);
    expect(asked).toHaveLength(2);
  });
});
