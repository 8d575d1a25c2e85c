import { expect, it } from 'vitest';
import { questionById } from '#analysis/questions.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import { decodeHash } from '#export/urlState.ts';
import { linkNote, linkOf, plansOfLink } from './useLink.ts';

it('says what a link has filled, what was wrong with it, and nothing where there is none', () => {
  expect(linkNote(decodeHash(''))).toBeUndefined();
  expect(linkNote(decodeHash('#v=1&bs=2'))).toEqual({
    text: 'The link filled the set-up. Nothing has started.',
    isProblem: false,
  });
  expect(linkNote(decodeHash('#v=1&study=A&mode=queue&arm=ws:1&seeds=0'))?.text).toContain('and the study');
  expect(linkNote(decodeHash('#v=1&bs=0&colour=red'))).toMatchObject({
    text: expect.stringMatching(/could not be used.*colour.*Batch size/) as string,
    isProblem: true,
  });
});

it('brings back all studies of a question, and alone one that was made from it', () => {
  const { studies } = questionById('P3')!.sizes.quick;
  expect(plansOfLink(studies[1]!)).toEqual({ plans: studies, active: 1 });
  const other = { ...studies[1]!, seeds: [7] };
  expect(plansOfLink(other)).toEqual({ plans: [other], active: 0 });
});

it('is a link that opens, if need be without a study that no address can hold', () => {
  const experiment = { ...defaultExperiment(), batchSize: 2 };
  const study = { ...questionById('P1')!.sizes.quick.studies[0]! };
  expect(linkOf({ experiment, study })).toContain('&study=');
  const seeds = Array.from({ length: 1001 }, (_, seed) => seed);
  expect(linkOf({ experiment, study: { ...study, seeds } })).toBe('#v=1&bs=2');
});
