import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Experiment } from '#domain/experiment.ts';
import type { FinderRule, FinderSettings, RunStatus } from '#domain/run.ts';
import { claimsLedger, runsWithStepsToRead } from './claims.ts';
import { judge, valuesToAdd } from './claims/judge.ts';
import type { ClaimRun } from './claims/pool.ts';
import type { QuestionId, StudyPlan } from './question.ts';
import { questionById } from './questions.ts';
import { boundedEstimate } from './statistics.ts';

const study = (id: QuestionId, index = 0, size: 'full' | 'quick' = 'full'): StudyPlan =>
  questionById(id)!.sizes[size].studies[index]!;

let nextId = 0;
const base = (experiment: Experiment, status: RunStatus) => ({
  id: `run-${nextId++}`,
  experiment,
  status,
  datasetTitle: 'CIFAR-10',
  datasetHash: 'a'.repeat(64),
  deviceTitle: 'Test GPU',
  forkOf: undefined,
  plan: { stepsPerEpoch: 1000 },
});
const series = (values: Partial<Record<'losses' | 'elapsedMs', readonly number[]>>) => ({
  series: (name: 'losses' | 'elapsedMs') => Float32Array.from(values[name] ?? []),
});

/** A run of one arm with these validation losses, epoch by epoch. */
function trained(
  plan: StudyPlan,
  arm: number,
  seed: number,
  validLosses: readonly number[],
  more: Partial<ClaimRun> & { elapsedMs?: readonly number[] } = {},
): ClaimRun {
  const { elapsedMs = [], ...rest } = more;
  const epochs = validLosses.map((validLoss, epoch) => ({
    epoch,
    step: 100 * (epoch + 1),
    trainLoss: 1,
    validLoss,
    accuracy: 0.5,
    milliseconds: 1000,
  }));
  return {
    ...base({ ...plan.arms[arm]!, seed }, 'finished'),
    metrics: series({ elapsedMs }),
    kind: 'train',
    epochs,
    ...rest,
  } as ClaimRun;
}

/** A finder whose loss is 2 until a step and then 100; its stop rule ends it there, or the end of the ramp before. */
function found(
  plan: StudyPlan,
  arm: number,
  seed: number,
  riseAt: number,
  suggestions: Partial<Record<FinderRule, number>> = {},
): ClaimRun {
  const settings: FinderSettings = plan.finder!;
  const { steps } = settings;
  const losses = Array.from({ length: Math.min(steps, riseAt + 10) }, (_, k) => (k <= riseAt ? 2 : 100));
  return {
    ...base({ ...plan.arms[arm]!, seed }, 'finished'),
    metrics: series({ losses }),
    kind: 'finder',
    settings,
    result: {
      stoppedAt: losses.length - 1,
      reason: losses.length < steps ? 'loss-exploded' : 'completed',
      suggestions: Object.entries(suggestions).map(([rule, learningRate]) => ({
        rule: rule as FinderRule,
        learningRate,
        index: 0,
      })),
      disagree: false,
    },
  };
}

const rowsOf = (id: QuestionId, runs: readonly ClaimRun[], size: 'full' | 'quick' = 'full') =>
  claimsLedger(runs).filter((row) => row.question === id && row.size === size);

describe('judge', () => {
  it('says where an interval lies', () => {
    const region = { from: -1, to: 1 };
    expect(judge(-1, 1, region)).toBe('supported');
    expect(judge(1.1, 2, region)).toBe('contradicted');
    expect(judge(-3, -2, region)).toBe('contradicted');
    expect(judge(0.5, 1.5, region)).toBe('undecided');
    expect(judge(-5, 5, region)).toBe('undecided');
    expect(judge(Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY, region)).toBe('undecided');
    expect(judge(Number.NaN, Number.NaN, region)).toBe('undecided');
    expect(judge(0.1, 0.2, { from: 0, to: Number.POSITIVE_INFINITY })).toBe('supported');
  });
});

describe('valuesToAdd', () => {
  const region = { from: 0, to: Number.POSITIVE_INFINITY };
  const of = (values: readonly number[], is: 'exact' | 'at least' | 'at most' = 'exact') =>
    boundedEstimate(values.map((value) => ({ value, is })));

  it('asks for three values first, and for none when decided', () => {
    expect(valuesToAdd(of([]), region)).toBe(3);
    expect(valuesToAdd(of([1]), region)).toBe(2);
    expect(valuesToAdd(of([1, 1.01, 0.99]), region)).toBe(0);
  });

  it('asks for as many as would narrow the interval to the nearest bound', () => {
    // Mean 1, deviation 1: t / √n < 1 first at n = 7 (2.447 / 2.646); n = 6 gives 2.571 / 2.449.
    expect(valuesToAdd(of([0, 1, 2]), region)).toBe(4);
    expect(valuesToAdd(of([-1, 0, 1]), region)).toBe(20);
  });

  it('asks for none where only the side of a bound could decide, and lies on the other', () => {
    expect(valuesToAdd(of([0, 1, 2], 'at least'), region)).toBe(4);
    expect(valuesToAdd(of([-2, -1, 0], 'at least'), region)).toBe(0);
    expect(valuesToAdd(of([-2, -1, 0], 'at most'), region)).toBe(4);
    expect(valuesToAdd(of([0, 1, 2], 'at most'), region)).toBe(0);
  });
});

describe('the ledger', () => {
  it('has a row for every rule of both sizes before anything ran, and says what to run', () => {
    const rows = claimsLedger([]);
    // P1 1, P2 6, P3 2, P4 6, P5 9, P6 6, P7 3, P8 3, P12 12, P14 3.
    expect(rows.length).toBe(2 * 51);
    for (const row of rows) {
      expect(row).toMatchObject({
        count: 0,
        verdict: 'undecided',
        dataset: undefined,
        sentence: 'Nothing to compare yet.',
      });
    }
    const [first] = rowsOf('P1', []);
    expect(first!.advice).toBe('add 3 seeds');
    expect(first!.missing).toEqual([study('P1')]);
  });

  it('P1: supports when the interval of the paired difference lies within ± .02', () => {
    const p1 = study('P1');
    const runs = [-0.001, 0.001, 0].flatMap((difference, seed) => [
      trained(p1, 0, seed, [1, 0.5]),
      trained(p1, 1, seed, [2, 0.5 + difference]),
    ]);
    const [row] = rowsOf('P1', runs);
    // Mean 0, deviation .001, ± 4.303 · .001 / √3 = .00248.
    expect(row!.estimate).toBeCloseTo(0, 12);
    expect(row!.high).toBeCloseTo(0.00248, 5);
    expect(row).toMatchObject({ count: 3, verdict: 'supported', advice: undefined, missing: [] });
    expect(row!.dataset!.title).toBe('CIFAR-10');
  });

  it('P1: pairs by seed, contradicts outside of the margin, and is undecided across it', () => {
    const p1 = study('P1');
    const pairs = (...differences: number[]) =>
      differences.flatMap((difference, seed) => [
        // Seeds differ by far more than arms do.
        trained(p1, 1, seed, [5 * seed + difference]),
        trained(p1, 0, seed, [5 * seed]),
      ]);
    expect(rowsOf('P1', pairs(-0.1, -0.101, -0.099))[0]).toMatchObject({ verdict: 'contradicted', count: 3 });
    const [undecided] = rowsOf('P1', pairs(-0.01, 0.03));
    expect(undecided).toMatchObject({ verdict: 'undecided', count: 2 });
    expect(undecided!.advice).toMatch(/^add \d+ seeds/);
    expect(undecided!.missing[0]!.seeds[0]).toBe(2);
  });

  it('needs two seeds for a verdict', () => {
    const p1 = study('P1');
    const [row] = rowsOf('P1', [trained(p1, 0, 4, [0.5]), trained(p1, 1, 4, [0.5])]);
    expect(row).toMatchObject({ verdict: 'undecided', count: 1, advice: 'add 2 seeds' });
    expect(row!.sentence).toBe('Not enough runs: 0 from one seed.');
    expect(row!.missing[0]!.seeds).toEqual([0, 1]);
  });

  it('counts only complete runs with exactly the settings of the question, the newest of equal ones', () => {
    const p1 = study('P1');
    const good = [0, 1].flatMap((seed) => [trained(p1, 0, seed, [0.5]), trained(p1, 1, seed, [0.5])]);
    const bad = [
      trained(p1, 1, 2, [9], { status: 'stopped' }),
      trained(p1, 1, 3, [9], { status: 'failed' }),
      trained(p1, 1, 0, [9], { forkOf: { runId: 'x', step: 3 } }),
      trained({ ...p1, arms: p1.arms.map((arm) => ({ ...arm, weightDecay: 0.5 })) }, 1, 0, [9]),
      trained(p1, 0, 5, [9]), // without its partner
    ];
    expect(rowsOf('P1', [...good, ...bad])[0]).toMatchObject({ count: 2, estimate: 0, verdict: 'supported' });
    const again = trained(p1, 1, 0, [0.7]);
    expect(rowsOf('P1', [...good, again])[0]!.estimate).toBeCloseTo(0.1, 12);
  });

  it('counts a pair of which one diverged by its direction, and says which', () => {
    const p1 = study('P1');
    const onlyWs = (seed: number) => [
      trained(p1, 0, seed, [0.5]),
      trained(p1, 1, seed, [], { status: 'diverged' }),
    ];
    const [one] = rowsOf('P1', onlyWs(0));
    expect(one).toMatchObject({ count: 1, verdict: 'undecided', advice: 'add 5 seeds' });
    expect(one!.sentence).toMatch(
      /^Not enough runs\. Only BN\+WS diverged: 1 of 1 seed\. A run that diverged counts/,
    );
    const rows = [0, 1, 2, 3, 4, 5].flatMap(onlyWs);
    expect(rowsOf('P1', rows)[0]).toMatchObject({ count: 6, verdict: 'contradicted', is: 'median' });
    // With one of them equal, the interval by ranks of six reaches down to it.
    const mixed = [...rows, trained(p1, 1, 0, [0.5])];
    expect(rowsOf('P1', mixed)[0]).toMatchObject({ verdict: 'undecided', low: 0, estimate: Infinity });
    expect(rowsOf('P1', mixed)[0]!.sentence).toMatch(
      /^Undecided: median ∞ \(0 to ∞\), 6 seeds\. Only BN\+WS/,
    );
    const both = [0, 1].map((arm) => trained(p1, arm, 0, [], { status: 'diverged' }));
    expect(rowsOf('P1', both)[0]).toMatchObject({
      count: 0,
      sentence: 'Nothing to compare yet. 1 seed left out: BN+WS and BN diverged.',
    });
  });

  it('keeps sizes and data sets apart', () => {
    const pair = (size: 'full' | 'quick', valid: number, hash: string) =>
      [0, 1].flatMap((seed) =>
        [0, 1].map((arm) =>
          trained(study('P1', 0, size), arm, seed, [arm * valid], { datasetHash: hash, datasetTitle: hash }),
        ),
      );
    const runs = [...pair('full', 0, 'one'), ...pair('full', 1, 'two'), ...pair('quick', 1, 'one')];
    const rows = claimsLedger(runs).filter(({ question }) => question === 'P1');
    expect(rows.map(({ size, dataset, verdict }) => [size, dataset?.title, verdict])).toEqual([
      ['full', 'one', 'supported'],
      ['full', 'two', 'contradicted'],
      ['quick', 'one', 'contradicted'],
    ]);
  });

  it('P2 and P6: compare the rates that finders of one seed withstand', () => {
    const [short, long] = [study('P2', 0), study('P2', 1)];
    // BN+WS rises ten steps later: 10 of 100 steps over eight decades are 10^.8 = 6.3.
    const runs = [50, 53, 56].flatMap((riseAt, seed) => [
      found(short, 0, seed, riseAt),
      found(short, 1, seed, riseAt + 10),
    ]);
    const rows = rowsOf('P2', runs);
    expect(rows.length).toBe(6);
    for (const row of rows.slice(0, 3)) {
      expect(row).toMatchObject({ count: 3, unit: 'ratio', verdict: 'supported' });
      // The minimum is the same whatever the length of the flat part, so the shift is exact.
      expect(row.estimate).toBeCloseTo(10 ** 0.8, 1);
    }
    expect(rows[2]!.sentence).toBe('Supported: 6.31× (6.31× to 6.31×), 3 seeds.');
    expect(rows[3]!.count).toBe(0);
    expect(rows[3]!.missing[0]!.finder).toEqual(long.finder);
    expect(runsWithStepsToRead([...runs, trained(study('P1'), 0, 0, [1])])).toEqual(runs);

    // BN+WS goes through the whole ramp: the ratio is at least that to its end, at 100 steps 4.9 decades above 1e-3.
    const held = runs.map((run) => (run.experiment.ws ? found(short, 1, run.experiment.seed, 99) : run));
    const [tenth, , stop] = rowsOf('P2', held);
    for (const row of [tenth!, stop!]) {
      expect(row).toMatchObject({ count: 3, is: 'at least', verdict: 'supported', high: Infinity });
      expect(row.sentence).toMatch(
        /^Supported: at least [\d,]+× \([\d,.]+× or more\), 3 seeds\. Only BN came to that/,
      );
    }
    const neither = [0, 1].flatMap((seed) => [found(short, 0, seed, 99), found(short, 1, seed, 99)]);
    expect(rowsOf('P2', neither)[0]!.sentence).toBe(
      'Nothing to compare yet. 2 seeds left out: neither came to that point before the end of the ramp.',
    );
    // One that is not loaded yet says nothing.
    const absent = held.map((run) => ({ ...run, metrics: series({}) }));
    expect(rowsOf('P2', absent)[0]).toMatchObject({ count: 0, note: '' });

    const p6 = study('P6', 0);
    const other = [0, 1, 2].flatMap((seed) => [found(p6, 0, seed, 60 + seed), found(p6, 1, seed, 50 + seed)]);
    expect(rowsOf('P6', other)[0]!.verdict).toBe('contradicted');
  });

  it('P3: has a row for each rate', () => {
    const runs = [0, 1].flatMap((index) =>
      [0, 1].flatMap((seed) => [
        trained(study('P3', index), 0, seed, [0.7]),
        trained(study('P3', index), 1, seed, [index === 0 ? 0.7 : 0.6]),
      ]),
    );
    expect(rowsOf('P3', runs).map(({ verdict }) => verdict)).toEqual(['supported', 'contradicted']);
  });

  it('P4: compares at equal rates and at each one’s better rate, at the last and at the best epoch', () => {
    const p4 = study('P4');
    // Arms: BN 1e-2, BN+WS 1e-2, BN 5e-2, BN+WS 5e-2.
    const losses = [
      [0.5, 0.7],
      [0.6, 0.65],
      [0.9, 1],
      [0.55, 0.6],
    ];
    const runs = [0, 1].flatMap((seed) => losses.map((valid, arm) => trained(p4, arm, seed, valid)));
    const rows = rowsOf('P4', runs);
    expect(rows.map(({ estimate }) => Math.round(1000 * estimate) / 1000)).toEqual([
      -0.05, // last, 1e-2
      -0.4, // last, 5e-2
      -0.1, // last: BN+WS at 5e-2 (.6), BN at 1e-2 (.7)
      0.1, // best, 1e-2
      -0.35, // best, 5e-2
      0.05, // best: BN+WS at 5e-2 (.55), BN at 1e-2 (.5)
    ]);
    expect(rows.map(({ verdict }) => verdict)).toEqual([
      'contradicted',
      'contradicted',
      'contradicted',
      'supported',
      'contradicted',
      'supported',
    ]);
    // A rate that diverges is not the better one; one that has not run could be.
    const diverged = runs.map((run) =>
      run.experiment.ws || run.experiment.maxLearningRate < 0.05
        ? run
        : { ...run, status: 'diverged' as const },
    );
    expect(rowsOf('P4', diverged)[2]!.estimate).toBeCloseTo(-0.1, 12);
    // Where no rate of an arm trains, that is the answer of its better one.
    const never = runs.map((run) => (run.experiment.ws ? { ...run, status: 'diverged' as const } : run));
    expect(rowsOf('P4', never)[2]).toMatchObject({ count: 2, estimate: Infinity });
    const missing = runs.filter((run) => run.experiment.ws || run.experiment.maxLearningRate < 0.05);
    expect(rowsOf('P4', missing)[2]!.count).toBe(0);
  });

  it('P5: compares times per step of one device', () => {
    const p5 = study('P5', 1);
    const arrivals = (ms: number) => Array.from({ length: 20 }, (_, i) => ms * Math.floor(i / 2 + 1));
    const runs = [
      trained(p5, 2, 0, [1], { elapsedMs: arrivals(10) }),
      trained(p5, 3, 0, [1], { elapsedMs: arrivals(12) }),
      trained(p5, 4, 0, [1], { elapsedMs: arrivals(10) }),
      trained(p5, 5, 0, [1], { elapsedMs: arrivals(10.1), deviceTitle: 'Another GPU' }),
    ];
    const rows = rowsOf('P5', runs);
    expect(rows[4]).toMatchObject({ countOf: 'block', verdict: 'supported', note: 'On Test GPU.' });
    expect(rows[4]!.measure).toBe('time per step, BN+WS over BN, batch 64');
    expect(rows[4]!.estimate).toBeCloseTo(1.2, 5);
    expect(rows[5]).toMatchObject({ count: 0, verdict: 'undecided' });
    const slow = runs.map((run) => ({ ...run, metrics: series({ elapsedMs: arrivals(10) }) }));
    expect(rowsOf('P5', slow)[4]!.verdict).toBe('contradicted');
    const loading = runs.map((run) => ({ ...run, metrics: series({}) }));
    expect(rowsOf('P5', loading)[4]).toMatchObject({ count: 0, note: '', advice: undefined });
    const atOnce = runs.map((run) => ({ ...run, metrics: series({ elapsedMs: [9, 9, 9] }) }));
    expect(rowsOf('P5', atOnce)[4]!.note).toMatch(/^The steps arrived all at once/);
  });

  it('P5: takes the steps of further seeds together where few have arrived', () => {
    const p5 = study('P5', 1);
    // Two arrivals of three have times between them, 22 and 24 ms against 20 and 22.
    const run = (arm: number, seed: number, more: number) =>
      trained(p5, arm, seed, [1], {
        elapsedMs: [10, 10, 30 + more, 30 + more, 52 + 2 * more, 52 + 2 * more],
        plan: { stepsPerEpoch: 6 },
      });
    const pair = (seed: number) => [run(2, seed, 0), run(3, seed, 3)];
    const [, , , , few] = rowsOf('P5', pair(0));
    expect(few).toMatchObject({ verdict: 'undecided', count: 2, advice: 'add 2 seeds' });
    expect(few!.missing[0]!.seeds).toEqual([1, 2]);
    const [, , , , more] = rowsOf('P5', [0, 1, 2, 3, 4].flatMap(pair));
    expect(more).toMatchObject({ count: 10, note: 'On Test GPU, 5 seeds together.' });
    expect(more!.estimate).toBeCloseTo(48 / 42, 5);
    expect(more!.high - more!.low).toBeLessThan((few!.high - few!.low) / 5);
  });

  it('P7: takes the difference of the differences', () => {
    const p7 = study('P7', 1);
    // Constant: .6 → .5; one-cycle: .4 → .39. Interaction -.1 + .01.
    const runs = [0, 1, 2].flatMap((seed) =>
      [0.6, 0.5, 0.4, 0.39].map((valid, arm) => trained(p7, arm, seed, [valid + seed * 0.001 * (arm % 2)])),
    );
    const [, row] = rowsOf('P7', runs);
    expect(row!.estimate).toBeCloseTo(-0.09, 12);
    expect(row).toMatchObject({ verdict: 'supported', count: 3 });
  });

  it('P8: asks GN against BN at both batch sizes, and whether WS closes the gap', () => {
    // Arms: GN, GN+WS, BN, BN+WS.
    const runs = [0, 1].flatMap((seed) => [
      ...[0.6, 0.6, 0.8, 0.8].map((valid, arm) => trained(study('P8', 0), arm, seed, [valid])),
      ...[0.6, 0.51, 0.5, 0.5].map((valid, arm) => trained(study('P8', 1), arm, seed, [valid])),
    ]);
    const rows = rowsOf('P8', runs);
    expect(rows.map(({ verdict }) => verdict)).toEqual(['supported', 'supported', 'supported']);
    expect(rows.map(({ estimate }) => Math.round(100 * estimate) / 100)).toEqual([-0.2, 0.1, 0.01]);
  });

  it('P12: holds the eye’s rate and every rule against the best of a sweep', () => {
    // Rates 5e-5, 1e-4, 3e-4, 1e-3, 3e-3: the best is 1e-3.
    const valid = [0.9, 0.8, 0.7, 0.6, 0.65];
    const runs = [0, 1].flatMap((seed) => [
      ...valid.map((loss, arm) => trained(study('P12', 0), arm, seed, [loss])),
      found(study('P12', 2), 0, seed, 400, { valley: 1.2e-3, steep: 0.5 }),
    ]);
    const rows = rowsOf('P12', runs);
    expect(rows[0]!.estimate).toBeCloseTo(0.3, 12);
    expect(rows[0]!.verdict).toBe('contradicted');
    expect(rows[1]!.estimate).toBeCloseTo(1.2, 9);
    expect(rows.slice(1, 4).map(({ verdict }) => verdict)).toEqual([
      'supported',
      'contradicted',
      'undecided',
    ]);
    expect(rows[3]!.note).toBe('2 seeds left out: no suggestion.');
  });

  it('P14: takes divergence as an answer', () => {
    const p14 = study('P14');
    const runs = [0, 1, 2].flatMap((seed) => [
      trained(p14, 0, seed, [1.5 + 0.01 * seed]),
      trained(p14, 1, seed, [], { status: 'diverged' }),
      trained(p14, 2, seed, [1.4 + 0.01 * seed]),
    ]);
    expect(rowsOf('P14', runs)).toMatchObject([
      { verdict: 'supported', count: 3 },
      {
        verdict: 'contradicted',
        count: 3,
        note: expect.stringContaining('3 of 3 diverged.'),
        advice: undefined,
      },
      { verdict: 'supported', measure: 'validation loss, None+Scaled WS, after one epoch' },
    ]);
    const mixed = [...runs.slice(0, 4), trained(p14, 0, 2, [], { status: 'diverged' })];
    expect(rowsOf('P14', mixed)[0]).toMatchObject({
      verdict: 'undecided',
      note: expect.stringContaining('1 of 3'),
      // No further seed makes the diverged one converge.
      advice: undefined,
      missing: [],
    });
    const [, single] = rowsOf('P14', runs.slice(0, 2));
    expect(single).toMatchObject({ verdict: 'undecided', advice: 'add 2 seeds' });
  });

  it('takes finders as the same whatever rate, schedule and validation their arms have', () => {
    const short = study('P2', 0);
    const own = { ...short, arms: short.arms.map((arm) => ({ ...arm, maxLearningRate: 0.1, epochs: 9 })) };
    const runs = [0, 1].flatMap((seed) => [found(own, 0, seed, 50), found(own, 1, seed, 60)]);
    expect(rowsOf('P2', runs)[0]).toMatchObject({ count: 2, verdict: 'supported' });
    expect(runsWithStepsToRead(runs)).toEqual(runs);
  });

  it('leaves out what did not start from the weights of its seed', () => {
    const p1 = study('P1');
    const runs = [0, 1, 2].flatMap((seed) => [trained(p1, 0, seed, [0.5]), trained(p1, 1, seed, [0.5])]);
    const given = runs.map((run) => ({ ...run, givenWeights: { name: 'mine', hash: '' } }));
    expect(rowsOf('P1', given)[0]).toMatchObject({ count: 0 });
  });

  it('does not depend on the order of the runs', () => {
    const p1 = study('P1');
    const runs = [0.01, -0.02, 0.005].flatMap((difference, seed) => [
      trained(p1, 0, seed, [0.5]),
      trained(p1, 1, seed, [0.5 + difference]),
    ]);
    const [expected] = rowsOf('P1', runs);
    fc.assert(
      fc.property(fc.shuffledSubarray(runs, { minLength: runs.length }), (shuffled) => {
        expect(rowsOf('P1', shuffled)[0]).toEqual(expected);
      }),
      { numRuns: 10 },
    );
  });
});
