import { armName, isClipped, NORMS } from '#domain/experiment.ts';
import type { ArmSettings, Experiment } from '#domain/experiment.ts';
import type { StepTime } from '#domain/stepTime.ts';

/** A run as far as the cost of its steps is concerned. */
export interface CostedRun {
  readonly experiment: Experiment;
  readonly deviceTitle: string;
  /** Undefined where too few steps were recorded. */
  readonly time: StepTime | undefined;
}

/** What a step of an arm takes at one batch size. */
export interface CostCell {
  readonly milliseconds: number;
  readonly runs: number;
  /** Against the arm that it adds to: BN and GN to None, WS to the same without. Undefined where that was not timed. */
  readonly over: { readonly name: string; readonly ratio: number } | undefined;
}

/** Times per step that differ by arm and batch size alone. */
export interface CostTable {
  readonly key: string;
  readonly deviceTitle: string;
  readonly experiment: Pick<
    Experiment,
    'width' | 'stemPadding' | 'optimizer' | 'augmentation' | 'gradientClip'
  >;
  readonly arms: readonly string[];
  /** By rising batch size; a cell for each arm, undefined where it was not timed. */
  readonly rows: readonly { readonly batchSize: number; readonly cells: readonly (CostCell | undefined)[] }[];
}

const ARMS: readonly ArmSettings[] = NORMS.flatMap((norm) => [
  { norm, ws: false },
  { norm, ws: true },
  { norm, ws: true, wsGain: 'scaled' as const },
]);

/**
 * The cost of normalization by batch size, from the steps of runs: a table for each device and network where at least
 * two arms of one batch size were timed, the one of the newest run first.
 */
export function costTables(runs: readonly CostedRun[]): readonly CostTable[] {
  const groups = new Map<string, CostedRun[]>();
  for (const run of runs.toReversed()) {
    if (!run.time) continue;
    const { width, stemPadding, optimizer, augmentation } = run.experiment;
    const network = [width, stemPadding, optimizer, augmentation, isClipped(run.experiment)];
    const key = JSON.stringify([run.deviceTitle, ...network]);
    const group = groups.get(key);
    if (group) group.push(run);
    else groups.set(key, [run]);
  }
  return [...groups]
    .map(([key, group]) => tableOf(key, group))
    .filter(({ rows }) => rows.some(({ cells }) => cells.filter(Boolean).length > 1));
}

function tableOf(key: string, group: readonly CostedRun[]): CostTable {
  const { deviceTitle, experiment } = group[0]!;
  const arms = ARMS.filter((arm) => group.some((run) => isOfArm(run, arm)));
  const sizes = [...new Set(group.map((run) => run.experiment.batchSize))].sort((a, b) => a - b);
  return {
    key,
    deviceTitle,
    experiment,
    arms: arms.map(armName),
    rows: sizes.map((batchSize) => {
      const some = group.filter((run) => run.experiment.batchSize === batchSize);
      return { batchSize, cells: arms.map((arm) => cellOf(some, arm)) };
    }),
  };
}

function isOfArm({ experiment }: CostedRun, arm: ArmSettings): boolean {
  return armName(experiment) === armName(arm);
}

function cellOf(runs: readonly CostedRun[], arm: ArmSettings): CostCell | undefined {
  const own = timeOf(runs, arm);
  if (!own) return undefined;
  const base: ArmSettings = { norm: arm.ws ? arm.norm : 'none', ws: false };
  const other = armName(base) === armName(arm) ? undefined : timeOf(runs, base);
  return {
    ...own,
    over: other && { name: armName(base), ratio: own.milliseconds / other.milliseconds },
  };
}

/** Of all steps of an arm together, so that long runs count for more. */
function timeOf(runs: readonly CostedRun[], arm: ArmSettings): Omit<CostCell, 'over'> | undefined {
  const times = runs.filter((run) => isOfArm(run, arm)).flatMap(({ time }) => time ?? []);
  const steps = times.reduce((sum, time) => sum + time.steps, 0);
  if (steps === 0) return undefined;
  const milliseconds = times.reduce((sum, time) => sum + time.milliseconds, 0) / steps;
  return { milliseconds, runs: times.length };
}
