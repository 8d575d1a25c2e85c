import type { ReactNode } from 'react';
import type { StudyPlan } from '#analysis/question.ts';
import { workOf } from '#analysis/question.ts';
import type { BenchmarkOptions } from '#domain/benchmark.ts';
import type { DatasetInfo } from '#domain/dataset.ts';
import type { Experiment } from '#domain/experiment.ts';
import { formatBytes, formatCount, formatRemaining } from '#ui/format.ts';
import { studiesMs, studyBytes } from '#ui/studyCost.ts';
import { useActiveRun, useClient, useClientState } from '#ui/state/client.ts';
import { useStepTimes } from './useStepTimes.ts';

/** What a study computes, and what that takes on this device. */
export function StudyCost({ plans, info }: { plans: readonly StudyPlan[]; info: DatasetInfo }): ReactNode {
  const times = useStepTimes();
  const work = workOf(plans, info);
  const milliseconds = studiesMs(plans, info, times);
  const bytes = Math.max(0, ...plans.map(studyBytes));
  return (
    <div className="study-cost">
      <dl>
        <Figure term="runs" value={formatCount(work.runs)} />
        <Figure term="steps" value={formatCount(work.steps)} />
        <Figure term="images" value={formatCount(work.trainImages)} />
        <Figure
          term="time here"
          value={milliseconds === undefined ? 'not measured' : formatRemaining(milliseconds)}
        />
        <Figure term="GPU memory" value={`≈ ${formatBytes(bytes)}`} />
      </dl>
      <MeasureTime arms={plans.flatMap((plan) => plan.arms)} />
    </div>
  );
}

function Figure({ term, value }: { term: string; value: string }): ReactNode {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{value}</dd>
    </div>
  );
}

/** Times a few steps of every network of the study on this device, one size after another. */
function MeasureTime({ arms }: { arms: readonly Experiment[] }): ReactNode {
  const client = useClient();
  const measurement = useClientState((state) => state.measurement);
  const isReady = useClientState((state) => state.connection.status === 'ready');
  const isRunGoing = useActiveRun() !== undefined;
  const canMeasure = isReady && !isRunGoing && !measurement.going && arms.length > 0;
  return (
    <div className="study-actions">
      <button
        type="button"
        className="button is-small"
        aria-disabled={!canMeasure}
        onClick={() => canMeasure && void client.measurement.startAll(benchmarksOf(arms))}
      >
        {measurement.going ? 'Measuring…' : 'Measure the time'}
      </button>
      {isRunGoing && <span className="field-help">A run is going on; it measures its own speed.</span>}
      {measurement.error && (
        <span className="field-error" role="alert">
          {measurement.error}
        </span>
      )}
    </div>
  );
}

/** A benchmark measures networks of one width and batch size at a time. */
function benchmarksOf(arms: readonly Experiment[]): BenchmarkOptions[] {
  const sizes = new Map<string, Experiment[]>();
  for (const arm of arms) {
    const key = `${arm.width} ${arm.batchSize}`;
    sizes.set(key, [...(sizes.get(key) ?? []), arm]);
  }
  return [...sizes.values()].map((same) => {
    const { width, batchSize } = same[0]!;
    const networks = new Map(same.map(({ norm, ws }) => [`${norm} ${ws}`, { norm, ws }]));
    return { width, batch: batchSize, arms: [...networks.values()], stockArms: [] };
  });
}
