import type { Experiment } from './experiment.ts';
import type { FinderSettings, ForkOrigin } from './run.ts';
import type { RunOptions } from './runOptions.ts';

/** How the runs of a study share the GPU: one after another, or one step of each in turn. */
export type StudyMode = 'queue' | 'race';

/** Runs that one race can have: each needs its own weights and moments on the GPU. */
export const RACE_LANES = { least: 2, most: 6 } as const;

/** A ready-made study and its size: 'quick' is reduced to minutes, and says so in its title. */
export interface QuestionRef {
  /** 'P1' … as in the catalogue of questions. */
  readonly id: string;
  readonly size: 'full' | 'quick';
}

/** An arm that does not begin with initial weights: it has one run, which goes on from another run's state. */
export interface StudyFork {
  /** Index into the study's arms. */
  readonly arm: number;
  readonly of: ForkOrigin;
}

/**
 * What the user wants to know, as runs: every arm once per seed. Runs of one seed start from the same weights
 * and see the same batches, whatever their arm.
 */
export interface Study {
  readonly id: string;
  readonly title: string;
  readonly kind: 'train' | 'finder';
  readonly mode: StudyMode;
  /** At least one; equal ones are forks, or twins that show what the device adds. Their `seed` is not used. */
  readonly arms: readonly Experiment[];
  /** At least one; no two are equal. */
  readonly seeds: readonly number[];
  /** The ramp of a study of finders; undefined where `kind` is 'train'. */
  readonly finder: FinderSettings | undefined;
  /** Set when the study came from the catalogue and was not changed since. */
  readonly question: QuestionRef | undefined;
  /** Why the learning rates of the arms are what they are, by arm: 'valley, median of 3'; empty where nobody said. */
  readonly rateReasons?: readonly string[];
  /** Arms that came as forks while the study was going. */
  readonly forks?: readonly StudyFork[];
  /** Of all its training runs; absent: they train all their epochs, and probe long ones. */
  readonly options?: RunOptions;
}

/** Which run of which study a run is. */
export interface RunOrigin {
  readonly studyId: string;
  readonly studyTitle: string;
  /** Index into the study's arms. */
  readonly arm: number;
  readonly mode: StudyMode;
  readonly question: QuestionRef | undefined;
}
