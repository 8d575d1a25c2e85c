import type { TrainRecord } from '#client/runRecord.ts';
import type { XUnit } from './xUnit.ts';

/** Fewer steps than this tell no speed. */
const LEAST_STEPS = 4;

/** Parts of a time axis in which nobody saw the page; none on axes that do not count time. */
export function hiddenParts(run: TrainRecord, unit: XUnit): readonly (readonly [number, number])[] {
  const { hidden = [], metrics } = run;
  if (unit === 'wall') return hidden.map(({ fromMs, toMs }) => [fromMs / 1000, toMs / 1000]);
  if (unit !== 'time') return [];
  const wall = metrics.series('wallMs');
  // Compute time stands still with the run: the parts lie between the steps that were done then.
  return hidden.flatMap(({ fromMs, toMs }) => {
    const first = wall.findIndex((at) => at >= fromMs);
    const last = wall.findLastIndex((at) => at <= toMs);
    if (first < 0 || last < first) return [];
    const from = first > 0 ? metrics.at('elapsedMs', first - 1) : 0;
    return [[from / 1000, metrics.at('elapsedMs', last) / 1000] as const];
  });
}

export interface HiddenSpeed {
  /** Wall-clock time that the page was hidden. */
  readonly hiddenMs: number;
  /** Steps per second of compute time; undefined where too few were done. */
  readonly hidden: number | undefined;
  readonly visible: number | undefined;
}

/** How fast a run was while the page was hidden, and while it was seen; undefined where it never was hidden. */
export function hiddenSpeed(run: TrainRecord): HiddenSpeed | undefined {
  const { hidden, metrics, plan } = run;
  if (!hidden || hidden.length === 0) return undefined;
  const wall = metrics.series('wallMs');
  const elapsed = metrics.series('elapsedMs');
  const stepsPerEpoch = plan?.stepsPerEpoch ?? Infinity;
  const sums = { hidden: { steps: 0, ms: 0 }, visible: { steps: 0, ms: 0 } };
  let span = 0;
  for (let step = 1; step < metrics.count; step++) {
    while (span < hidden.length && hidden[span]!.toMs < wall[step]!) span += 1;
    const isHidden = span < hidden.length && hidden[span]!.fromMs <= wall[step]!;
    // Before the first step of an epoch lies the validation of the one before.
    if (step % stepsPerEpoch === 0 || !Number.isFinite(wall[step]!)) continue;
    const sum = isHidden ? sums.hidden : sums.visible;
    sum.steps += 1;
    sum.ms += elapsed[step]! - elapsed[step - 1]!;
  }
  const rate = ({ steps, ms }: { steps: number; ms: number }): number | undefined =>
    steps >= LEAST_STEPS && ms > 0 ? (1000 * steps) / ms : undefined;
  return {
    hiddenMs: hidden.reduce((total, { fromMs, toMs }) => total + toMs - fromMs, 0),
    hidden: rate(sums.hidden),
    visible: rate(sums.visible),
  };
}
