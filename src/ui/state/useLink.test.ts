import { expect, it } from 'vitest';
import { questionById } from '#analysis/questions.ts';
import { finderRun, trainRun } from '#client/runRecord.fixtures.ts';
import { experimentHash } from '#domain/experimentHash.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { decodeHash } from '#export/urlState.ts';
import { hashOfRun, linkNote, linkOf, plansOfLink } from './useLink.ts';

it('says what a link has filled, what was wrong with it, and nothing where there is none', () => {
  expect(linkNote(decodeHash(''))).toBeUndefined();
  expect(linkNote(decodeHash('#v=1&bs=2'))).toEqual({
    text: 'The link filled the set-up. Nothing has started.',
    isProblem: false,
  });
  const study = '&study=A&mode=queue&arm=ws:1&seeds=0';
  expect(linkNote(decodeHash(`#v=1${study}`))?.text).toContain('and the study');
  expect(linkNote(decodeHash(`#v=1${study}${study}`))?.text).toContain('and 2 studies');
  expect(linkNote(decodeHash('#v=1&bs=0&colour=red'))).toMatchObject({
    text: expect.stringMatching(/could not be used.*colour.*Batch size/) as string,
    isProblem: true,
  });
});

it('brings back all studies of a question from a link of before, which had one', () => {
  const { studies } = questionById('P3')!.sizes.quick;
  expect(plansOfLink({ studies: [studies[1]!], active: 0 })).toEqual({ plans: studies, active: 1 });
  const other = { ...studies[1]!, seeds: [7] };
  expect(plansOfLink({ studies: [other], active: 0 })).toEqual({ plans: [other], active: 0 });
  expect(plansOfLink({ studies: [other, studies[0]!], active: 1 })).toEqual({
    plans: [other, studies[0]!],
    active: 1,
  });
});

it('is a link that opens, if need be without a study that no address can hold', () => {
  const experiment = { ...defaultExperiment(), batchSize: 2 };
  const study = questionById('P1')!.sizes.quick.studies[0]!;
  const shared = { experiment, studies: [study], active: 0, data: undefined };
  expect(linkOf(shared)).toMatchObject({
    href: expect.stringContaining('&study=') as string,
    lacksStudies: false,
  });
  const seeds = Array.from({ length: 1001 }, (_, seed) => seed);
  expect(linkOf({ ...shared, studies: [{ ...study, seeds }] })).toEqual({
    href: '#v=1&bs=2',
    lacksStudies: true,
  });
});

it('opens the configuration of a run and names its data', () => {
  const experiment = { ...defaultExperiment(), norm: 'gn', ws: true, batchSize: 2, seed: 7 } as const;
  const run = trainRun({
    experiment,
    datasetTitle: 'CIFAR-10',
    datasetHash: 'ab'.repeat(32),
    rateReason: 'valley',
    options: { stopRule: { kind: 'images', value: 25_000 }, probes: 'none' },
  });
  const link = decodeHash(hashOfRun(run));
  expect(link).toMatchObject({
    setup: { rateReason: 'valley', options: run.options, data: { title: 'CIFAR-10', hash: 'ab'.repeat(8) } },
  });
  if (link.kind !== 'setup') throw new Error(link.kind);
  expect(experimentHash(link.setup.experiment)).toBe(experimentHash(experiment));
  const settings = { start: 1e-6, end: 1, steps: 40 };
  expect(decodeHash(hashOfRun(finderRun({ settings, datasetHash: run.datasetHash })))).toMatchObject({
    setup: { finder: settings },
  });
});
