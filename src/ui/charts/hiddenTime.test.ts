import { describe, expect, it } from 'vitest';
import { metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import { hiddenParts, hiddenSpeed } from './hiddenTime.ts';

/** Ten steps of 100 ms, a pause of 5 s, and ten steps of 200 ms while the page is hidden. */
const elapsedMs = [
  ...Array.from({ length: 10 }, (_, i) => 100 * (i + 1)),
  ...Array.from({ length: 10 }, (_, i) => 1000 + 200 * (i + 1)),
];
const wallMs = elapsedMs.map((at, i) => (i < 10 ? at : at + 5000));
const metrics = metricsOf(new Float32Array(20).fill(1), { elapsedMs, wallMs });
const run = trainRun({ metrics, hidden: [{ fromMs: 6000, toMs: 9000 }] });

describe('hidden time', () => {
  it('lies where it was on axes of time, and nowhere on others', () => {
    expect(hiddenParts(run, 'wall')).toEqual([[6, 9]]);
    expect(hiddenParts(run, 'time')).toEqual([[1, 3]]);
    expect(hiddenParts(run, 'step')).toEqual([]);
    expect(hiddenParts(trainRun({ metrics }), 'wall')).toEqual([]);
    const later = trainRun({ metrics, hidden: [{ fromMs: 9000, toMs: 9500 }] });
    expect(hiddenParts(later, 'time')).toEqual([]);
  });

  it('has a speed of its own, without pauses', () => {
    const speed = hiddenSpeed(run)!;
    expect(speed.hiddenMs).toBe(3000);
    expect(speed.hidden).toBeCloseTo(5);
    expect(speed.visible).toBeCloseTo(10);
    expect(hiddenSpeed(trainRun({ metrics }))).toBeUndefined();
  });

  it('has no speed from a few steps', () => {
    const short = trainRun({ metrics, hidden: [{ fromMs: 6000, toMs: 6500 }] });
    expect(hiddenSpeed(short)).toMatchObject({ hidden: undefined });
  });

  it('leaves the validation between two epochs out', () => {
    const plan = { ...run.plan!, stepsPerEpoch: 10 };
    const slow = elapsedMs.map((at, i) => (i < 10 ? at : at + 60_000));
    const metricsWithValidation = metricsOf(new Float32Array(20).fill(1), {
      elapsedMs: slow,
      wallMs: slow,
    });
    const hidden = [{ fromMs: 61_000, toMs: 64_000 }];
    expect(hiddenSpeed(trainRun({ metrics: metricsWithValidation, plan, hidden }))!.hidden).toBeCloseTo(5);
  });
});
