import { describe, expect, it } from 'vitest';
import { finderRun, trainingRun } from './exportedRun.fixtures.ts';
import { setupOfRuns } from './setupOfRuns.ts';
import { decodeHash, encodeHash } from './urlState.ts';

const header = (experiment: object = {}) => trainingRun({ experiment }).run.header;

describe('setupOfRuns', () => {
  it('is the settings of one run, with the ramp of a finder', () => {
    expect(setupOfRuns([header({ seed: 4, ws: true })])).toMatchObject({
      experiment: { seed: 4, ws: true },
      study: undefined,
    });
    const { finder, experiment } = finderRun().run.header;
    expect(setupOfRuns([finderRun().run.header])).toEqual({ experiment, finder, study: undefined });
    expect(setupOfRuns([])).toBeUndefined();
  });

  it('is a study of arms and seeds for several, which its link carries whole', () => {
    const setup = setupOfRuns([
      header({ seed: 1 }),
      header({ seed: 1, ws: true }),
      header({ seed: 2 }),
      finderRun().run.header,
    ])!;
    expect(setup.study).toMatchObject({ title: 'A study', mode: 'race', kind: 'train', seeds: [1, 2] });
    expect(setup.study!.arms.map(({ ws, seed }) => [ws, seed])).toEqual([
      [false, 1],
      [true, 1],
    ]);
    expect(decodeHash(encodeHash(setup))).toMatchObject({ kind: 'setup', setup });
  });

  it('belongs to no study where the runs come from several', () => {
    const other = { ...header({ ws: true }), origin: undefined };
    expect(setupOfRuns([header(), other])!.study).toMatchObject({ title: 'Runs of a report', mode: 'queue' });
  });
});
