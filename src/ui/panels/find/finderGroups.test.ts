import { describe, expect, it } from 'vitest';
import { finderRun, metricsOf } from '#client/runRecord.fixtures.ts';
import type { FinderRecord } from '#client/runRecord.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { armRates, finderSets, groupComparisons, reasonOf } from './finderGroups.ts';
import type { FinderSet } from './finderGroups.ts';

const bn = defaultExperiment();
const ws = { ...bn, ws: true };

/** A finder whose loss rises from step `turn` on. */
function finder(id: string, experiment: typeof bn, turn: number): FinderRecord {
  const losses = Array.from({ length: 90 }, (_, step) => 2 + Math.max(0, step - turn) ** 2 / 20);
  return finderRun({ id, experiment, metrics: metricsOf(losses) });
}

const runs = [
  finder('a', bn, 50),
  finder('b', { ...bn, seed: 1, maxLearningRate: 0.1 }, 50),
  finder('c', ws, 60),
  finder('d', { ...ws, seed: 1 }, 60),
  finder('e', { ...bn, norm: 'gn' }, 50),
];

describe('finderSets', () => {
  it('takes repeats together, whatever maximum learning rate they were started with', () => {
    const [{ groups, title }] = finderSets(runs) as [FinderSet];
    expect(title).toBe('100 steps on Built-in');
    expect(groups.map((group) => [group.name, group.runs.map(({ id }) => id)])).toEqual([
      ['BN', ['a', 'b']],
      ['BN+WS', ['c', 'd']],
      ['GN', ['e']],
    ]);
    expect(groups[0]!.band.learningRates.length).toBeGreaterThan(50);
  });

  it('draws no two groups alike, though hue and dashes are those of the network', () => {
    const tiny = [bn, ws].map((arm, i) => finder(`f${i}`, { ...arm, batchSize: 2 }, 50));
    const [{ groups }] = finderSets([...runs, ...tiny]) as [FinderSet];
    expect(groups.length).toBe(5);
    expect(new Set(groups.map(({ style }) => JSON.stringify(style))).size).toBe(5);
  });

  it('counts a seed that ran twice once, by its newest finder', () => {
    const again = runs.map((run, i) => ({ ...finder(`${run.id}2`, run.experiment, 55 + i), number: 9 }));
    const [{ groups }] = finderSets([...runs, ...again]) as [FinderSet];
    expect(groups.map((group) => group.runs.map(({ id }) => id))).toEqual([
      ['a2', 'b2'],
      ['c2', 'd2'],
      ['e2'],
    ]);
    expect(groups[0]!.again.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(finderSets([runs[0]!, again[0]!])).toEqual([]);
    expect(groupComparisons(groups)[0]!.tolerance.count).toBe(2);
    // One that is going, or was stopped, takes nothing from one that is whole.
    const whole = runs.map((run) => ({ ...run, status: 'finished' as const }));
    const [going] = finderSets([...whole, ...again]) as [FinderSet];
    expect(going.groups[0]!.runs.map(({ id }) => id)).toEqual(['a', 'b']);
  });

  it('keeps finders from given weights apart', () => {
    const given = runs.map((run) => ({ ...run, id: `${run.id}2`, givenWeights: 'mine.safetensors' }));
    expect(
      finderSets([...runs, ...given]).map(({ title, groups }) => [title, groups[0]!.runs.length]),
    ).toEqual([
      ['100 steps on Built-in', 2],
      ['100 steps on Built-in, from mine.safetensors', 2],
    ]);
  });

  it('keeps finders of another ramp apart', () => {
    const settings = { start: 1e-6, end: 1, steps: 100 };
    expect(finderSets([runs[0]!, { ...runs[1]!, settings }])).toEqual([]);
    const longer = runs.map((run) => ({
      ...run,
      id: `${run.id}2`,
      settings: { ...run.settings, steps: 1000 },
    }));
    const sets = finderSets([...runs, ...longer]);
    // The names of arms are told apart within a set only.
    expect(sets.map(({ title, groups }) => [title, groups.map(({ name }) => name)])).toEqual([
      ['100 steps on Built-in', ['BN', 'BN+WS', 'GN']],
      ['1,000 steps on Built-in', ['BN', 'BN+WS', 'GN']],
    ]);
    expect(new Set(sets.map(({ key }) => key)).size).toBe(2);
  });

  it('compares what the arms withstand, seed by seed', () => {
    const [tenth, quarter] = groupComparisons(finderSets(runs)[0]!.groups);
    expect(tenth).toMatchObject({ share: 0.1, baseline: { name: 'BN' }, other: { name: 'BN+WS' } });
    expect(tenth!.tolerance).toMatchObject({ count: 2, leftOut: 0 });
    // Ten steps of a ramp over eight decades in a hundred steps.
    expect(tenth!.tolerance.ratio).toBeGreaterThan(4);
    expect(tenth!.tolerance.ratio).toBeLessThan(8);
    expect(quarter!.share).toBe(0.25);
  });

  it('compares arms that ran once, without an interval', () => {
    const [set] = finderSets([runs[0]!, runs[2]!]);
    expect(set!.groups.map(({ name }) => name)).toEqual(['BN', 'BN+WS']);
    const [tenth] = groupComparisons(set!.groups);
    expect(tenth!.tolerance).toMatchObject({ count: 1, leftOut: 0 });
    expect(finderSets([runs[0]!])).toEqual([]);
  });
});

describe('armRates', () => {
  /** A finder whose valley lies at a rate; none where that is undefined. */
  function suggesting(id: string, experiment: typeof bn, learningRate: number | undefined): FinderRecord {
    const index = learningRate === undefined ? undefined : 50;
    const result = {
      stoppedAt: 89,
      reason: 'completed',
      suggestions: [{ rule: 'valley', learningRate, index }],
      disagree: false,
    } as const;
    return { ...finder(id, experiment, 50), result };
  }

  it('gives each arm the median over its seeds, and names those without and those that spread', () => {
    const [set] = finderSets([
      suggesting('a', bn, 1e-3),
      suggesting('b', { ...bn, seed: 1 }, 2e-3),
      suggesting('c', { ...bn, seed: 2 }, 4e-3),
      suggesting('d', ws, 1e-4),
      suggesting('e', { ...ws, seed: 1 }, 1e-2),
      suggesting('f', { ...bn, norm: 'gn' }, undefined),
    ]);
    const { rates, without, unreliable } = armRates(set!.groups, 'valley');
    expect(rates.map(({ group, rate }) => [group.name, rate])).toEqual([
      ['BN', 2e-3],
      ['BN+WS', 1e-3],
    ]);
    expect(rates.map(({ range }) => reasonOf(range))).toEqual(['valley, median of 3', 'valley, median of 2']);
    expect(without).toEqual(['GN']);
    expect(unreliable).toEqual(['BN+WS']);
    expect(armRates(set!.groups, 'steep')).toEqual({
      rates: [],
      without: ['BN', 'BN+WS', 'GN'],
      unreliable: [],
    });
  });
});
