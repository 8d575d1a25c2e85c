import type { QuestionRef } from '#domain/study.ts';
import type { ClaimTest, Outcome } from './claims/claimTest.ts';
import { MOST_SEEDS } from './claims/judge.ts';
import { RunPool, runKey, type ClaimRun } from './claims/pool.ts';
import { testsOf } from './claims/testsOfQuestions.ts';
import type { Question, QuestionId, StudyPlan } from './question.ts';
import { questions } from './questions.ts';
import { counted, formatShort } from './text.ts';

/** One line of the ledger: what one decision rule says of one size of a question on one data set. */
export interface ClaimRow extends Outcome {
  readonly question: QuestionId;
  readonly size: QuestionRef['size'];
  readonly measure: string;
  readonly unit: 'loss' | 'ratio';
  /** Beside the claim: it has no part in its verdict. */
  readonly isAside: boolean;
  /** Undefined while no run of this size exists. */
  readonly dataset: { readonly title: string; readonly hash: string } | undefined;
  /** The verdict with its numbers: 'Undecided: −0.0040 (−0.025 to 0.017), 3 seeds.' */
  readonly sentence: string;
  /** 'add 2 seeds'; undefined when decided, or when seeds are no help. */
  readonly advice: string | undefined;
  /** What would have to run for that: studies with new seeds. Empty without advice. */
  readonly missing: readonly StudyPlan[];
}

/**
 * Every claim against the runs at hand. A run counts for a question when its settings are exactly those of one
 * of its arms, whatever started it; runs of one seed are compared in pairs. Full and quick sizes have rows of
 * their own and never mix, nor do data sets. Stopped, failed and forked runs
 * do not count, nor do those that started from a file of weights; one that diverged counts as worse than any loss.
 */
export function claimsLedger(runs: readonly ClaimRun[]): readonly ClaimRow[] {
  return questions.flatMap((question) =>
    (['full', 'quick'] as const).flatMap((size) => rowsOf(question, size, runs)),
  );
}

/** Runs of the ledger's questions whose steps it reads: finders and timed runs. */
export function runsWithStepsToRead(runs: readonly ClaimRun[]): readonly ClaimRun[] {
  const keys = new Set(
    questions.flatMap((question) =>
      (['full', 'quick'] as const).flatMap((size) =>
        testsOf(question, size)
          .filter(({ needsSteps }) => needsSteps)
          .flatMap((test) => test.studies.flatMap((index) => keysOf(question.sizes[size].studies[index]!))),
      ),
    ),
  );
  return runs.filter((run) => keys.has(keyOf(run)));
}

function rowsOf(question: Question, size: QuestionRef['size'], runs: readonly ClaimRun[]): ClaimRow[] {
  const { studies } = question.sizes[size];
  const keys = new Set(studies.flatMap(keysOf));
  const byDataset = new Map<string, ClaimRun[]>();
  for (const run of runs) {
    if (!keys.has(keyOf(run))) continue;
    const group = byDataset.get(run.datasetHash);
    if (group) group.push(run);
    else byDataset.set(run.datasetHash, [run]);
  }
  const groups = byDataset.size > 0 ? [...byDataset.values()] : [[]];
  const tests = testsOf(question, size);
  return groups.flatMap((group) => {
    const pool = new RunPool(group);
    const run = group.at(-1);
    const dataset = run && { title: run.datasetTitle, hash: run.datasetHash };
    return tests.map((test): ClaimRow => {
      const outcome = test.evaluate(pool);
      const { seedsToAdd } = outcome;
      return {
        ...outcome,
        question: question.id,
        size,
        measure: test.measure,
        unit: test.unit,
        isAside: test.isAside ?? false,
        dataset,
        sentence: sentenceOf(outcome, test),
        advice: seedsToAdd > 0 ? adviceText(seedsToAdd) : undefined,
        missing:
          seedsToAdd > 0 ? test.studies.map((index) => withNewSeeds(studies[index]!, pool, seedsToAdd)) : [],
      };
    });
  });
}

function keyOf(run: ClaimRun): string {
  return runKey(run.experiment, run.kind === 'finder' ? run.settings : undefined);
}

function keysOf({ arms, finder }: StudyPlan): string[] {
  return arms.map((arm) => runKey(arm, finder));
}

function adviceText(seeds: number): string {
  return seeds >= MOST_SEEDS ? `add ${MOST_SEEDS} seeds or more` : `add ${counted(seeds, 'seed')}`;
}

/** The study with seeds that no arm of it was run with. */
function withNewSeeds(study: StudyPlan, pool: RunPool, count: number): StudyPlan {
  const used = new Set(pool.seeds(study));
  const seeds: number[] = [];
  for (let seed = 0; seeds.length < count; seed++) if (!used.has(seed)) seeds.push(seed);
  return { ...study, seeds };
}

export const verdictTexts = {
  supported: 'Supported',
  contradicted: 'Contradicted',
  undecided: 'Undecided',
} as const;

function sentenceOf(outcome: Outcome, { unit }: Pick<ClaimTest, 'unit'>): string {
  const { count, countOf, estimate, is, low, high, verdict, note } = outcome;
  const rest = note === '' ? '' : ` ${note}`;
  const show = (value: number): string => (unit === 'ratio' ? `${formatRatio(value)}×` : formatShort(value));
  if (count === 0) return `Nothing to compare yet.${rest}`;
  const hasInterval = Number.isFinite(low) || Number.isFinite(high);
  if (is === 'median' && !hasInterval) {
    return `${verdict === 'undecided' ? 'Not enough runs' : verdictTexts[verdict]}.${rest}`;
  }
  if (is !== 'median' && !Number.isFinite(estimate)) return `${verdictTexts[verdict]}.${rest}`;
  const bound = is === 'mean' ? '' : `${is} `;
  if (is !== 'median' && count < 2) {
    return `Not enough runs: ${bound}${show(estimate)} from one ${countOf}.${rest}`;
  }
  const interval = {
    mean: `${show(low)} to ${show(high)}`,
    'at least': `${show(low)} or more`,
    'at most': `${show(high)} or less`,
    median: `${show(low)} to ${show(high)}`,
  }[is];
  return `${verdictTexts[verdict]}: ${bound}${show(estimate)} (${interval}), ${counted(count, countOf)}.${rest}`;
}

/** A ratio near 1 needs its hundredths. */
function formatRatio(value: number): string {
  return value >= 0.1 && value < 10 ? value.toFixed(2) : formatShort(value);
}
