import { describe, expect, test } from 'vitest';
import { oneCycleV2 } from './reference.ts';
import { finderLearningRate, finderSchedule, oneCycleV1, scheduleTable } from './schedules.ts';

const near = (actual: number, expected: number): void =>
  expect(Math.abs(actual - expected), `${actual} against ${expected}`).toBeLessThan(1e-9);
/** The vectors of small learning rates have 10 digits; 1e-9 absolute would pass anything there. */
const nearRelative = (actual: number, expected: number, tolerance: number): void =>
  expect(Math.abs(actual / expected - 1), `${actual} against ${expected}`).toBeLessThan(tolerance);

/** Steps, largest learning rate, step, learning rate, momentum: the vectors of the specification. */
const oneCycleVectors: readonly (readonly [number, number, number, number, number | undefined])[] = [
  [2343, 5e-4, 0, 2.0e-5, 0.95],
  [2343, 5e-4, 1, 2.000240329e-5, 0.949999499],
  [2343, 5e-4, 351, 2.6e-4, 0.9],
  [2343, 5e-4, 702, 5e-4, 0.85],
  [2343, 5e-4, 703, 4.999995419e-4, 0.850000092],
  [2343, 5e-4, 1522, 2.502403037e-4, 0.899952139],
  [2343, 5e-4, 2342, 2.458132104e-9, 0.949999908],
  [75000, 5e-5, 11250, 2.6e-5, 0.9],
  [75000, 5e-5, 48750, 2.50001e-5, 0.9],
  [75000, 5e-5, 74999, 2.000447599e-10, undefined],
  [1950, 1e-2, 0, 4e-4, 0.95],
  [1950, 1e-2, 292, 5.18711143e-3, 0.900134256],
  [1950, 1e-2, 585, 1e-2, 0.85],
  [1950, 1e-2, 586, 9.999986757e-3, undefined],
  [1950, 1e-2, 1267, 5.005773808e-3, undefined],
  [1950, 1e-2, 1949, 5.324257747e-8, undefined],
];

describe('oneCycleV1', () => {
  test.each(oneCycleVectors)('N = %i, M = %f, step %i', (steps, max, step, learningRate, momentum) => {
    const values = oneCycleV1(step, steps, max);
    near(values.learningRate, learningRate);
    nearRelative(values.learningRate, learningRate, 1e-9);
    if (momentum !== undefined) near(values.momentum, momentum);
  });

  /** fastai v1's `Scheduler` and `OneCycleScheduler`, step by step. */
  function simulated(steps: number, max: number): { learningRate: number[]; momentum: number[] } {
    const cos = (start: number, end: number, position: number): number =>
      end + ((start - end) / 2) * (Math.cos(Math.PI * position) + 1);
    const rise = Math.floor(steps * 0.3);
    const phases = [
      { count: Math.max(1, rise), rate: [max / 25, max] as const, momentum: [0.95, 0.85] as const },
      {
        count: Math.max(1, steps - rise),
        rate: [max, max / (25 * 1e4)] as const,
        momentum: [0.85, 0.95] as const,
      },
    ];
    const out = { learningRate: [max / 25], momentum: [0.95] };
    let phase = 0;
    let done = 0;
    while (out.learningRate.length < steps) {
      const { count, rate, momentum } = phases[phase]!;
      done += 1;
      out.learningRate.push(cos(rate[0], rate[1], done / count));
      out.momentum.push(cos(momentum[0], momentum[1], done / count));
      if (done === count) {
        phase += 1;
        done = 0;
      }
    }
    return out;
  }

  test.each([2, 3, 4, 7, 10, 33, 781])('equals the state machine of fastai for N = %i', (steps) => {
    const expected = simulated(steps, 0.01);
    const table = scheduleTable({ schedule: 'one-cycle', maxLearningRate: 0.01, momentum: 0.5 }, steps);
    expect(table.learningRate).toHaveLength(steps);
    table.learningRate.forEach((value, k) => nearRelative(value, expected.learningRate[k]!, 1e-12));
    table.momentum.forEach((value, k) => nearRelative(value, expected.momentum[k]!, 1e-12));
  });

  test('peaks exactly on step floor(0.3 N)', () => {
    const { learningRate } = scheduleTable({ schedule: 'one-cycle', maxLearningRate: 1, momentum: 0.9 }, 101);
    expect(learningRate.indexOf(Math.max(...learningRate))).toBe(30);
    expect(learningRate[30]).toBe(1);
  });

  test('refuses a single step, and steps outside the run', () => {
    expect(() => oneCycleV1(0, 1, 0.1)).toThrow('one-cycle needs at least 2 steps, not 1');
    expect(() => oneCycleV1(5, 5, 0.1)).toThrow('step 5 is not in 0 to 4');
  });
});

describe('scheduleTable', () => {
  test('holds learning rate and momentum where the schedule is constant, for a single step too', () => {
    const table = scheduleTable({ schedule: 'constant', maxLearningRate: 0.1, momentum: 0.8 }, 3);
    expect([...table.learningRate]).toEqual([0.1, 0.1, 0.1]);
    expect([...table.momentum]).toEqual([0.8, 0.8, 0.8]);
    expect(
      scheduleTable({ schedule: 'constant', maxLearningRate: 1, momentum: 0 }, 1).learningRate,
    ).toHaveLength(1);
  });
});

describe('finderSchedule', () => {
  const settings = { start: 1e-7, end: 10, steps: 100 };

  test.each([
    [0, 1e-7],
    [1, 1.202264435e-7],
    [10, 6.309573445e-7],
    [25, 1e-5],
    [50, 1e-3],
    [75, 0.1],
    [94, 3.311311215],
    [99, 8.317637711],
  ])('learning rate of step %i', (step, expected) => {
    near(finderLearningRate(step, settings), expected);
    nearRelative(finderLearningRate(step, settings), expected, 1e-9);
    expect(finderSchedule(settings).learningRate[step]).toBe(finderLearningRate(step, settings));
  });

  test('holds momentum at 0.9 and has one entry per step', () => {
    const { learningRate, momentum } = finderSchedule({ ...settings, steps: 7 });
    expect(learningRate).toHaveLength(7);
    expect([...momentum]).toEqual(Array.from({ length: 7 }, () => 0.9));
  });
});

describe('oneCycleV2, the reference', () => {
  test.each([
    [1, 2.000345188e-5, 0.949999281],
    [351, 3.336129697e-4, 0.884663965],
    [702, 4.946202704e-4, 0.851075957],
    [1522, 2.242929527e-4, 0.905141961],
    [2342, 5.399519697e-9, undefined],
  ])('N = 2343, M = 5e-4, step %i', (step, learningRate, momentum) => {
    const values = oneCycleV2(step, 2343, 5e-4);
    // fastai v2 computes positions in float32: the vectors carry its rounding.
    nearRelative(values.learningRate, learningRate, 1e-5);
    if (momentum !== undefined) nearRelative(values.momentum, momentum, 1e-5);
  });
});
