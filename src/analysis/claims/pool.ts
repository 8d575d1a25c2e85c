import { finderArm } from '#domain/arms.ts';
import type { Experiment } from '#domain/experiment.ts';
import type { EpochRow, FinderResult, FinderSettings, RunPlan, RunStatus } from '#domain/run.ts';
import type { StudyPlan } from '../question.ts';
import { armKey, isOfItsSeed } from '../repeats.ts';

interface ClaimRunBase {
  readonly id: string;
  readonly experiment: Experiment;
  readonly status: RunStatus;
  readonly datasetTitle: string;
  readonly datasetHash: string;
  readonly deviceTitle: string;
  /** Set on a run that continues another: it answers no question. */
  readonly forkOf: object | undefined;
  /** Set on a run that did not start from its seed's weights: it repeats and answers nothing. */
  readonly givenWeights?: unknown;
  readonly plan: Pick<RunPlan, 'stepsPerEpoch'> | undefined;
  /** Empty while the steps are not loaded. */
  readonly metrics: { series(name: 'losses' | 'elapsedMs'): Float32Array };
}

/** What the ledger reads of a run: records of the page and of imported files have it all. */
export type ClaimRun =
  | (ClaimRunBase & { readonly kind: 'train'; readonly epochs: readonly EpochRow[] })
  | (ClaimRunBase & {
      readonly kind: 'finder';
      readonly settings: FinderSettings;
      readonly result: FinderResult | undefined;
    });

export type TrainClaimRun = Extract<ClaimRun, { kind: 'train' }>;
export type FinderClaimRun = Extract<ClaimRun, { kind: 'finder' }>;

/** Runs by what they computed: of several equal ones the last that is over. */
export class RunPool {
  readonly #runs = new Map<string, ClaimRun>();
  readonly #seeds = new Map<string, Set<number>>();

  constructor(runs: readonly ClaimRun[]) {
    for (const run of runs) {
      const isUsable = run.status === 'finished' || run.status === 'diverged';
      if (!isUsable || !isOfItsSeed(run)) continue;
      const finder = run.kind === 'finder' ? run.settings : undefined;
      const arm = runKey(run.experiment, finder);
      this.#runs.set(`${arm} ${run.experiment.seed}`, run);
      const seeds = this.#seeds.get(arm);
      if (seeds) seeds.add(run.experiment.seed);
      else this.#seeds.set(arm, new Set([run.experiment.seed]));
    }
  }

  /** Seeds that some arm of a study was run with, ascending. */
  seeds({ arms, finder }: StudyPlan): readonly number[] {
    const all = arms.flatMap((arm) => [...(this.#seeds.get(runKey(arm, finder)) ?? [])]);
    return [...new Set(all)].sort((a, b) => a - b);
  }

  /** The training run of one arm of a study with a seed. */
  train(study: StudyPlan, arm: number, seed: number): TrainClaimRun | undefined {
    const run = this.#find(study, arm, seed);
    return run?.kind === 'train' ? run : undefined;
  }

  /** The finder of one arm of a study with a seed. */
  finder(study: StudyPlan, arm: number, seed: number): FinderClaimRun | undefined {
    const run = this.#find(study, arm, seed);
    return run?.kind === 'finder' ? run : undefined;
  }

  #find({ arms, finder }: StudyPlan, arm: number, seed: number): ClaimRun | undefined {
    return this.#runs.get(`${runKey(arms[arm]!, finder)} ${seed}`);
  }
}

/** Text that is equal for runs that compute the same, apart from the seed. */
export function runKey(experiment: Experiment, finder: FinderSettings | undefined): string {
  return finder
    ? `finder ${finder.start} ${finder.end} ${finder.steps} ${armKey(finderArm(experiment))}`
    : `train ${armKey(experiment)}`;
}
