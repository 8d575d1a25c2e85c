import type { ReactNode } from 'react';
import type { ClaimRow } from '#analysis/claims.ts';

const verdictWords = {
  supported: '✓ supported',
  contradicted: '✗ contradicted',
  undecided: '? undecided',
} as const;

/** What the runs say of a claim, in a word and by a sign. */
export function VerdictChip({ verdict }: Pick<ClaimRow, 'verdict'>): ReactNode {
  return <span className={`verdict-chip is-${verdict}`}>{verdictWords[verdict]}</span>;
}
