import { describe, expect, test } from 'vitest';
import { uniform } from '#lib/randomStream.ts';
import { DivergenceRule } from './divergence.ts';

/** Step and reason of the first verdict. */
function firstVerdict(losses: Iterable<number>, batchSize: number): readonly [number, string] | undefined {
  const rule = new DivergenceRule(batchSize, 10);
  let step = 0;
  for (const loss of losses) {
    const { reason } = rule.add(loss);
    if (reason) return [step, reason];
    step += 1;
  }
  return undefined;
}

/** Losses of `count` batches of images whose own losses are exponential with the mean that `level` gives. */
function* noisy(
  count: number,
  batchSize: number,
  level: (step: number) => number,
  seed = 0,
): Generator<number> {
  for (let step = 0; step < count; step++) {
    let sum = 0;
    for (let i = 0; i < batchSize; i++) sum -= level(step) * Math.log1p(-uniform(seed, 99, step, i));
    yield sum / batchSize;
  }
}

describe('DivergenceRule', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])(
    'ends a run at a loss of %f',
    (loss) => {
      expect(firstVerdict([2.3, 2.2, loss, 2], 16)).toEqual([2, 'not-finite']);
      expect(firstVerdict([loss], 2)).toEqual([0, 'not-finite']);
    },
  );

  test('ends a run whose loss explodes within its first steps', () => {
    expect(firstVerdict([2.3, 40_000, 1e9], 2)).toEqual([1, 'above-threshold']);
    expect(firstVerdict([2.4, 30, 2000, 9000, 9000, 9000, 9000, 9000], 16)?.[1]).toBe('above-threshold');
  });

  test('ends a run that loses what it learned', () => {
    const losses = [...Array.from({ length: 400 }, () => 0.4), ...Array.from({ length: 400 }, () => 6)];
    const [step, reason] = firstVerdict(losses, 64)!;
    expect(reason).toBe('above-threshold');
    // The average passes ln 10 once 1 - .98^n > (2.303 - .4) / 5.6, so at the 21st large loss.
    expect(step).toBe(420);
  });

  test('measures against four times the best where that is above chance', () => {
    const until = (level: number): number | undefined =>
      firstVerdict(
        [...Array.from({ length: 300 }, () => 2), ...Array.from({ length: 600 }, () => level)],
        64,
      )?.[0];
    expect(until(7.9)).toBeUndefined();
    expect(until(9)).toBeGreaterThan(300);
  });

  test.each([0, 1, 2, 3, 4])(
    'does not fire on the noise of batch size 2, from start to end (seed %i)',
    (seed) => {
      // From chance down to 0.01 over 20,000 steps: a mean four times lower than the early ones long before the end.
      const level = (step: number): number => Math.max(0.01, 2.5 * Math.exp(-step / 2000));
      expect(firstVerdict(noisy(20_000, 2, level, seed), 2)).toBeUndefined();
    },
  );

  test('does not fire where single batches are far above a tiny average', () => {
    const losses = Array.from({ length: 20_000 }, (_, step) =>
      step < 500 ? 2 : step % 37 === 0 ? 9 : 0.001,
    );
    expect(firstVerdict(losses, 2)).toBeUndefined();
  });

  test('does not fire on a lucky first batch of a network that starts far above chance', () => {
    expect(firstVerdict([0.02, ...noisy(200, 2, () => 20)], 2)).toBeUndefined();
    expect(firstVerdict([0.02, 0.05, 20, 25, 19, 22, 18, 15, 16, 12, 9, 8, 7], 2)).toBeUndefined();
  });

  test('gives the debiased average of fastai', () => {
    const rule = new DivergenceRule(64, 10);
    expect(rule.smoothed).toBeNaN();
    expect([2.5, 2.3].map((loss) => rule.add(loss).smoothed)[1]).toBeCloseTo(2.398989899, 9);
    expect(rule.smoothed).toBeCloseTo(2.398989899, 9);
  });
});

describe('the gradient in DivergenceRule', () => {
  /** Step and reason of the first verdict; the loss stays what guessing has, and every fifth step is sampled. */
  function verdict(norms: (sample: number) => number, steps = 2000): readonly [number, string] | undefined {
    const rule = new DivergenceRule(2, 10);
    for (let step = 0; step < steps; step++) {
      const { reason } = rule.add(2.3, step % 5 === 0 ? norms(step / 5) : Number.NaN);
      if (reason) return [step, reason];
    }
    return undefined;
  }
  /** Around 1, within a factor of about ten. */
  const noise = (sample: number): number => Math.exp(2.3 * (uniform(1, 98, sample) * 2 - 1));

  test('ends a run whose gradient is a hundred times its median', () => {
    expect(verdict((sample) => (sample === 60 ? 150 : 1))).toEqual([300, 'gradient-exploded']);
    expect(verdict((sample) => (sample === 60 ? 99 : 1))).toBeUndefined();
    expect(verdict((sample) => (sample === 60 ? Number.POSITIVE_INFINITY : 1))?.[1]).toBe(
      'gradient-exploded',
    );
  });

  test('says nothing before there are twenty samples, as in a warm-up, nor of slow growth', () => {
    expect(verdict((sample) => 1e-3 * 1.5 ** Math.min(sample, 19))).toBeUndefined();
    expect(verdict((sample) => 1 + sample)).toBeUndefined();
  });

  test('lets a run go on that knows its images and gets single batches wrong', () => {
    const settling = (sample: number): number => noise(sample) * Math.max(1e-5, 0.97 ** sample);
    expect(verdict((sample) => (sample % 37 === 36 ? 3 * noise(sample) : settling(sample)))).toBeUndefined();
  });

  test('lets noise go on', () => {
    expect(verdict(noise, 50_000)).toBeUndefined();
  });

  test('goes on where it was, and with half of its memory needs twenty samples of its own', () => {
    const before = new DivergenceRule(2, 10);
    for (let sample = 0; sample < 60; sample++) before.add(2.3, 0.5 + (sample % 3));
    const memory = before.gradients;
    expect(memory).toMatchObject({ first: 1.5, last: { length: 60 } });
    const reason = (rule: DivergenceRule, norm: number) => rule.add(2.3, norm).reason;
    expect(reason(new DivergenceRule(2, 10, memory), 151)).toBe('gradient-exploded');
    expect(reason(new DivergenceRule(2, 10, memory), 149)).toBeUndefined();
    const fork = new DivergenceRule(2, 10, { first: 1.5, last: [] });
    for (let sample = 0; sample < 19; sample++) expect(reason(fork, 1e-3)).toBeUndefined();
    expect(reason(fork, 1e6)).toBeUndefined();
    // A batch that it gets wrong is as large as those of its first steps.
    expect(reason(fork, 140)).toBeUndefined();
    expect(reason(fork, 151)).toBe('gradient-exploded');
  });
});
