import { describe, expect, it } from 'vitest';
import { claimsLedger } from '../claims.ts';
import type { ClaimRow } from '../claims.ts';
import type { QuestionId } from '../question.ts';
import type { Verdict } from './judge.ts';
import { claimSummaries } from './summaries.ts';

/** Rows of the full size of a question as they would be with these verdicts; a dash was not tested. */
function summary(question: QuestionId, ...verdicts: readonly (Verdict | '–')[]) {
  const rows = claimsLedger([]).filter((row) => row.question === question && row.size === 'full');
  const judged = rows.map((row, i): ClaimRow => {
    const verdict = verdicts[i] ?? '–';
    return verdict === '–' ? row : { ...row, verdict, count: 3 };
  });
  const [one, ...others] = claimSummaries(judged);
  expect(others).toEqual([]);
  return one!;
}

const [yes, no, open] = ['supported', 'contradicted', 'undecided'] as const;

describe('claimSummaries', () => {
  it('has one for each question and size, and all of its rules', () => {
    const rows = claimsLedger([]);
    const all = claimSummaries(rows);
    expect(all.map(({ question, size }) => `${question} ${size}`).slice(0, 3)).toEqual([
      'P1 full',
      'P1 quick',
      'P2 full',
    ]);
    expect(all.flatMap((one) => one.rows)).toEqual(rows);
    expect(new Set(all.map(({ verdict }) => verdict))).toEqual(new Set(['undecided']));
  });

  it('P8: asks for all three conditions, of which one that fails is enough', () => {
    expect(summary('P8', yes, yes, yes).verdict).toBe('supported');
    expect(summary('P8', yes, open, yes)).toMatchObject({
      verdict: 'undecided',
      sentence: 'Undecided: of 3 conditions 2 hold, 0 fail, 1 is undecided.',
    });
    expect(summary('P8', yes, no, '–')).toMatchObject({ verdict: 'contradicted', rules: 3, tested: 2 });
    expect(summary('P8').rule).toMatch(/supported when all hold, contradicted when one fails\.$/);
  });

  it('P2: wants its readings to agree', () => {
    const [six, against] = [Array.from({ length: 6 }, () => yes), Array.from({ length: 6 }, () => no)];
    expect(summary('P2', ...six).verdict).toBe('supported');
    expect(summary('P2', ...against).verdict).toBe('contradicted');
    expect(summary('P2', yes, yes, open, no, open, open)).toMatchObject({
      verdict: 'undecided',
      sentence: 'Undecided: of 6 readings 2 support it, 1 contradicts it, 3 are undecided.',
    });
    expect(summary('P2', no, no, no)).toMatchObject({ verdict: 'undecided', tested: 3 });
  });

  it('leaves out what says more than the claim does', () => {
    // P12: the eye's rate of BN, five rules, the eye's rate of BN+WS, five rules.
    const wrong = Array.from({ length: 5 }, () => no);
    expect(summary('P12', yes, ...wrong, yes, ...wrong)).toMatchObject({ verdict: 'supported', rules: 2 });
    // P5: None, BN and GN at three batch sizes.
    expect(summary('P5', no, yes, no, no, yes, no, no, yes, no)).toMatchObject({
      verdict: 'supported',
      rules: 3,
    });
    expect(summary('P14', no, yes)).toMatchObject({
      verdict: 'contradicted',
      rule: 'The verdict of one rule: the network without WS.',
    });
  });
});
