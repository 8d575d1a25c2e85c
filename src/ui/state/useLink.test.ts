import { expect, it } from 'vitest';
import { decodeHash } from '#export/urlState.ts';
import { linkNote } from './useLink.ts';

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
