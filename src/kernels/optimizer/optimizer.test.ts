import { describe, expect, it } from 'vitest';
import { ADAMW_BETA2, ADAMW_EPS, scheduleRow } from './kernel.ts';
import { adamWReference, sgdReference } from './reference.ts';

describe('adamWReference', () => {
  it("gives the specification's scalar", () => {
    // SPEC 2.9 with the bias correction of its preamble: current beta1 to the power t, eps after it.
    const steps = [
      [0.02, 0.95, 0.1, 0.979800002],
      [0.03, 0.94, -0.2, 0.991387455307],
      [0.04, 0.93, 0.05, 0.996077847073],
    ] as const;
    let state = { p: 1, m: 0, v: 0 };
    steps.forEach(([learningRate, beta1, g, expected], k) => {
      const options = { t: k + 1, learningRate, beta1, beta2: ADAMW_BETA2, decay: 0.01, eps: ADAMW_EPS };
      state = adamWReference(state, g, options);
      expect(Math.abs(state.p - expected)).toBeLessThan(1e-12);
    });
  });
});

describe('sgdReference', () => {
  it('gives the first two steps by hand', () => {
    const options = { learningRate: 0.1, momentum: 0.9, decay: 0.5 };
    const first = sgdReference({ p: 2, b: 0 }, 3, options);
    expect(first).toEqual({ p: 2 - 0.1 * 4, b: 4 });
    const second = sgdReference(first, -1, options);
    expect(second.b).toBeCloseTo(0.9 * 4 - 1 + 0.8, 12);
    expect(second.p).toBeCloseTo(1.6 - 0.1 * 3.4, 12);
  });
});

describe('scheduleRow', () => {
  it("holds AdamW's corrections of the step, from the current beta1", () => {
    const [rate, beta1, corrected, inverseRoot] = scheduleRow('adamw', 3, 0.04, 0.93);
    expect([rate, beta1]).toEqual([0.04, 0.93]);
    expect(corrected).toBeCloseTo(0.04 / (1 - 0.93 ** 3), 15);
    expect(inverseRoot).toBeCloseTo(1 / Math.sqrt(1 - 0.99 ** 3), 12);
  });

  it('passes learning rate and momentum to SGD', () => {
    expect(scheduleRow('sgd', 1, 0.1, 0.9).slice(0, 2)).toEqual([0.1, 0.9]);
  });

  it('counts steps from one', () => {
    expect(() => scheduleRow('adamw', 0, 0.1, 0.9)).toThrow('step 0 must be 1 or more');
  });
});
