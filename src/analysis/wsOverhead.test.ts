import { describe, expect, it } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import { timePerStep, twinOf, wsOverhead } from './wsOverhead.ts';

const plain = defaultExperiment();
const standardized = { ...plain, ws: true };

/** Arrival times of submissions of four steps, each after its own time. */
function arrivals(...times: number[]): number[] {
  let now = 0;
  return times.flatMap((time) => {
    now += time;
    return [now, now, now, now];
  });
}

describe('timePerStep', () => {
  it('divides the time between arrivals by their steps, without the first', () => {
    const { mean, count } = timePerStep({ elapsedMs: arrivals(1000, 8, 12, 8, 12), stepsPerEpoch: 20 })!;
    expect(mean).toBe(2.5);
    expect(count).toBe(4);
  });

  it('gives an interval by blocks of arrivals', () => {
    // Two intervals of 2 and 3 ms a step: deviation √.5, ± 12.706 · .7071 / √2, Student's t of one degree.
    expect(timePerStep({ elapsedMs: arrivals(9, 8, 12), stepsPerEpoch: undefined })!.halfWidth).toBeCloseTo(
      6.353,
      3,
    );
    const many = timePerStep({
      elapsedMs: arrivals(9, ...Array.from({ length: 100 }, () => 8)),
      stepsPerEpoch: 404,
    })!;
    expect(many).toMatchObject({ count: 10, mean: 2, halfWidth: 0 });
  });

  it('leaves out what lies between epochs', () => {
    const elapsedMs = [...arrivals(5, 8), ...arrivals(5000, 8).map((time) => time + 13)];
    expect(timePerStep({ elapsedMs, stepsPerEpoch: 8 })!.mean).toBe(2);
  });

  it('has no answer for a single arrival', () => {
    expect(timePerStep({ elapsedMs: arrivals(10), stepsPerEpoch: 4 })).toBeUndefined();
    expect(timePerStep({ elapsedMs: [], stepsPerEpoch: 4 })).toBeUndefined();
  });
});

describe('twinOf', () => {
  it('finds the run without WS that does the same work, the same seed first', () => {
    const runs = [
      { experiment: { ...plain, seed: 1 } },
      { experiment: plain },
      { experiment: { ...plain, seed: 2 } },
      { experiment: { ...plain, batchSize: 2 } },
      { experiment: standardized },
    ];
    expect(twinOf({ experiment: standardized }, runs)).toBe(runs[1]);
    expect(twinOf({ experiment: { ...standardized, seed: 9 } }, runs)).toBe(runs[2]);
    expect(twinOf({ experiment: { ...standardized, width: 8 } }, runs)).toBeUndefined();
    expect(twinOf({ experiment: plain }, runs)).toBeUndefined();
  });
});

describe('wsOverhead', () => {
  it('is the ratio of the times per step with its interval', () => {
    const twin = { experiment: plain, elapsedMs: arrivals(9, 8, 8, 8), stepsPerEpoch: 16 };
    const run = { experiment: standardized, elapsedMs: arrivals(9, 9, 11, 9, 11), stepsPerEpoch: 20 };
    const { ratio, low, high } = wsOverhead(run, twin)!;
    expect(ratio).toBe(1.25);
    // Its own half-width is 3.182 · .2887 / √4 of 2.5, the twin's is 0.
    expect(low).toBeCloseTo(1.25 * (1 - 0.1837), 3);
    expect(high).toBeCloseTo(1.25 * 1.1837, 3);
    expect(wsOverhead(run, { ...twin, elapsedMs: [] })).toBeUndefined();
  });
});
