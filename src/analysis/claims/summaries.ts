import type { ClaimRow } from '../claims.ts';
import { verdictTexts } from '../claims.ts';
import type { QuestionId } from '../question.ts';
import type { Verdict } from './judge.ts';

/** What all decision rules of one size of a question say together on one data set. */
export interface ClaimSummary extends Pick<ClaimRow, 'question' | 'size' | 'dataset'> {
  readonly verdict: Verdict;
  /** How many rules say what: 'Undecided: of 3 conditions 1 holds, 0 fail, 2 are undecided.' */
  readonly sentence: string;
  /** How they make one verdict. */
  readonly rule: string;
  /** Rules with a part in the verdict, and those of them that some run tests. */
  readonly rules: number;
  readonly tested: number;
  /** All rules, also those beside the claim. */
  readonly rows: readonly ClaimRow[];
}

/**
 * How the words of a claim join its rules. 'conditions': it says several things, and one that fails makes it wrong.
 * 'readings': it says one thing that is read off in several ways, which have to agree.
 */
interface Joining {
  readonly as: 'conditions' | 'readings';
  /** What the rules are: 'conditions: both rates'. */
  readonly of: string;
}

const joinings: Readonly<Record<QuestionId, Joining>> = {
  P1: { as: 'conditions', of: 'the one comparison' },
  P2: { as: 'readings', of: 'three points of the curve, two lengths of the ramp' },
  P3: { as: 'conditions', of: 'both rates' },
  P4: { as: 'readings', of: 'last and best epoch, at equal rates and at each one’s better rate' },
  P5: { as: 'readings', of: 'BN, as in the post, at three batch sizes' },
  P6: { as: 'readings', of: 'three points of the curve, two lengths of the ramp' },
  P7: { as: 'readings', of: 'three rates' },
  P8: { as: 'conditions', of: 'GN ahead at batch 2, behind at batch 64, and level with WS' },
  P12: { as: 'conditions', of: 'BN and BN+WS at the rate picked by eye' },
  P14: { as: 'conditions', of: 'the network without WS' },
};

/** One summary for each size of a question and data set, in the order of the rows. */
export function claimSummaries(rows: readonly ClaimRow[]): readonly ClaimSummary[] {
  const groups = new Map<string, ClaimRow[]>();
  for (const row of rows) {
    const key = `${row.question} ${row.size} ${row.dataset?.hash}`;
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].map(summaryOf);
}

function summaryOf(rows: readonly ClaimRow[]): ClaimSummary {
  const { question, size, dataset } = rows[0]!;
  const joining = joinings[question];
  const parts = rows.filter(({ isAside }) => !isAside);
  const verdict = joined(parts, joining.as);
  return {
    question,
    size,
    dataset,
    verdict,
    sentence: `${verdictTexts[verdict]}: ${tally(parts, joining.as)}.`,
    rule: ruleText(parts.length, joining),
    rules: parts.length,
    tested: parts.filter(({ count }) => count > 0).length,
    rows,
  };
}

function joined(parts: readonly ClaimRow[], as: Joining['as']): Verdict {
  const has = (verdict: Verdict) => parts.some((row) => row.verdict === verdict);
  const all = (verdict: Verdict) => parts.every((row) => row.verdict === verdict);
  if (all('supported')) return 'supported';
  const isContradicted = as === 'conditions' ? has('contradicted') : all('contradicted');
  return isContradicted ? 'contradicted' : 'undecided';
}

/** 'of 6 readings 2 support it, 1 contradicts it, 3 are undecided' */
function tally(parts: readonly ClaimRow[], as: Joining['as']): string {
  const count = (verdict: Verdict) => parts.filter((row) => row.verdict === verdict).length;
  const words = {
    conditions: [
      ['holds', 'hold'],
      ['fails', 'fail'],
    ],
    readings: [
      ['supports it', 'support it'],
      ['contradicts it', 'contradict it'],
    ],
  } as const;
  const [support, contradict] = words[as];
  const some = (n: number, [one, many]: readonly [string, string]) => `${n} ${n === 1 ? one : many}`;
  const noun = as.slice(0, -1);
  return [
    `of ${parts.length} ${parts.length === 1 ? noun : as} ${some(count('supported'), support)}`,
    some(count('contradicted'), contradict),
    some(count('undecided'), ['is undecided', 'are undecided']),
  ].join(', ');
}

/** 'All of 3 conditions: …. Supported when all hold, contradicted when one fails.' */
function ruleText(count: number, { as, of }: Joining): string {
  if (count === 1) return `The verdict of one rule: ${of}.`;
  const rule =
    as === 'conditions'
      ? 'supported when all hold, contradicted when one fails'
      : 'supported when all support it, contradicted when all contradict it';
  return `${count} ${as} together (${of}): ${rule}.`;
}
