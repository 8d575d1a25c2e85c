import { describe, expect, it } from 'vitest';
import { finderRun, trainingRun } from './exportedRun.fixtures.ts';
import { setupOfRuns } from './setupOfRuns.ts';
import { isSharedData } from './urlData.ts';
import { decodeHash, encodeHash } from './urlState.ts';

const header = (experiment: object = {}) => trainingRun({ experiment }).run.header;

describe('setupOfRuns', () => {
  it('is the settings of one run, with the ramp of a finder', () => {
    expect(setupOfRuns([header({ seed: 4, ws: true })])).toMatchObject({
      experiment: { seed: 4, ws: true },
      studies: [],
    });
    const { finder, experiment } = finderRun().run.header;
    expect(setupOfRuns([finderRun().run.header])).toMatchObject({ experiment, finder, studies: [] });
    expect(setupOfRuns([])).toBeUndefined();
  });

  it('is a study of arms and seeds for several, which its link carries whole', () => {
    const setup = setupOfRuns([
      header({ seed: 1 }),
      header({ seed: 1, ws: true }),
      header({ seed: 2 }),
      finderRun().run.header,
    ])!;
    expect(setup.studies[0]).toMatchObject({ title: 'A study', mode: 'race', kind: 'train', seeds: [1, 2] });
    expect(setup.studies[0]!.arms.map(({ ws, seed }) => [ws, seed])).toEqual([
      [false, 1],
      [true, 1],
    ]);
    const { data, ...others } = setup;
    const opened = decodeHash(encodeHash(setup));
    expect(opened).toMatchObject({ kind: 'setup', setup: others });
    // A link has the first digits of the hash.
    expect(opened.kind === 'setup' && isSharedData(opened.setup.data!, data!)).toBe(true);
  });

  it('carries stop rule, probes, question and the reasons for rates, alone and as a study', () => {
    const options = { stopRule: { kind: 'images', value: 25_000 }, probes: 'none' } as const;
    const run = (experiment: object, rateReason?: string) => ({
      ...header(experiment),
      options,
      ...(rateReason !== undefined && { rateReason }),
    });
    const open = (...headers: readonly ReturnType<typeof header>[]) => {
      const opened = decodeHash(encodeHash(setupOfRuns(headers)!));
      if (opened.kind !== 'setup') throw new Error(opened.kind);
      return opened.setup;
    };
    expect(open(run({}, 'valley'))).toMatchObject({ options, rateReason: 'valley' });
    const several = [run({}), run({ ws: true }, 'by hand')];
    expect(open(...several).studies[0]).toMatchObject({
      options,
      question: { id: 'P1', size: 'quick' },
      rateReasons: ['', 'by hand'],
    });
    expect(open(...several, header({ norm: 'gn' })).studies[0]!.options).toBeUndefined();
    expect(open(...several, { ...run({ norm: 'gn' }), origin: undefined }).studies[0]!.question).toBe(
      undefined,
    );
  });

  it('leaves out forks and runs from given weights, which no set-up makes again', () => {
    const fork = {
      ...header({ seed: 1, maxLearningRate: 1e-4 }),
      forkOf: { runId: 'x', step: 2, number: 1 },
    };
    const given = { ...header({ seed: 1, norm: 'gn' }), givenWeights: 'mine.safetensors' };
    expect(setupOfRuns([header({ seed: 1 }), fork, given])).toMatchObject({
      experiment: { seed: 1, norm: 'bn' },
      studies: [],
    });
    // Of those alone it is the settings all the same.
    expect(setupOfRuns([fork, given])!.studies[0]!.arms).toHaveLength(2);
  });

  it('names the data set where it is one', () => {
    const hash = 'a'.repeat(64);
    const one = { ...header(), dataset: { title: 'CIFAR-10', hash } };
    const two = { ...header({ ws: true }), dataset: { title: 'Mine', hash: 'b'.repeat(64) } };
    expect(setupOfRuns([one])!.data).toEqual({ title: 'CIFAR-10', hash });
    expect(setupOfRuns([one, two])!.data).toBeUndefined();
  });

  it('belongs to no study where the runs come from several', () => {
    const other = { ...header({ ws: true }), origin: undefined };
    expect(setupOfRuns([header(), other])!.studies[0]).toMatchObject({
      title: 'Runs of a report',
      mode: 'queue',
    });
  });
});
