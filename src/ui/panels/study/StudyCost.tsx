import { useId, useState } from 'react';
import type { ReactNode } from 'react';
import { counted } from '#analysis/text.ts';
import type { StudyPlan } from '#analysis/question.ts';
import { workOf } from '#analysis/question.ts';
import type { BenchmarkOptions } from '#domain/benchmark.ts';
import type { DatasetInfo } from '#domain/dataset.ts';
import type { Experiment } from '#domain/experiment.ts';
import { parseNumber } from '#domain/parameters.ts';
import { fitToBudget } from '#ui/fitBudget.ts';
import { formatBytes, formatCount, formatRemaining } from '#ui/format.ts';
import { isMeasured, studiesTime, studyBytes, timeText } from '#ui/studyCost.ts';
import type { StepTimes } from '#ui/studyCost.ts';
import { useActiveRun, useClient, useClientState } from '#ui/state/client.ts';
import { studyActions } from '#ui/state/studyStore.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { useMeasuredBytes, useStepTimes } from './useStepTimes.ts';

/** What a study computes, and what that takes on this device. */
export function StudyCost({ plans, info }: { plans: readonly StudyPlan[]; info: DatasetInfo }): ReactNode {
  const times = useStepTimes();
  const work = workOf(plans, info);
  const time = studiesTime(plans, info, times);
  const measured = useMeasuredBytes();
  const arms = plans.flatMap((plan) => plan.arms);
  const bytes = formatBytes(Math.max(0, ...plans.map((plan) => studyBytes(plan, measured))));
  return (
    <div className="study-cost">
      <dl>
        <Figure term="runs" value={formatCount(work.runs)} />
        <Figure term="steps" value={formatCount(work.steps)} />
        <Figure term="images" value={formatCount(work.trainImages)} />
        <Figure term="time here" value={timeText(time) ?? 'not measured'} />
        <Figure term="GPU memory" value={isMeasured(arms, measured) ? `${bytes}, measured` : `≈ ${bytes}`} />
      </dl>
      <MeasureTime arms={arms} />
      {!time.isPartial && plans.some((plan) => plan.kind === 'train') && (
        <TimeBudget plans={plans} info={info} times={times} milliseconds={time.ms} />
      )}
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

/** Proposes how much of the data fits the time that there is. */
function TimeBudget(props: {
  plans: readonly StudyPlan[];
  info: DatasetInfo;
  times: StepTimes;
  milliseconds: number;
}): ReactNode {
  const id = useId();
  const [text, setText] = useState('');
  const minutes = parseNumber(text);
  const hasBudget = minutes > 0;
  const isEnough = hasBudget && props.milliseconds <= minutes * 60_000;
  const fit =
    hasBudget && !isEnough ? fitToBudget(props.plans, props.info, props.times, minutes * 60_000) : undefined;
  return (
    <div className="study-actions">
      <label className="field-label" htmlFor={id}>
        Time budget, minutes
      </label>
      <input
        id={id}
        className="number-input"
        type="text"
        inputMode="decimal"
        autoComplete="off"
        value={text}
        aria-describedby={`${id}-help`}
        onChange={(event) => setText(event.target.value)}
      />
      {fit && (
        <button
          type="button"
          className="button is-small"
          onClick={() => {
            studyActions.shorten(fit);
            viewActions.announce('The runs are shortened. What they answer now is another question.');
          }}
        >
          {`Take ${formatCount(fit.images)} images, ${counted(fit.epochs, 'epoch')}`}
        </button>
      )}
      <span className="field-help" id={`${id}-help`}>
        {fit
          ? `${formatRemaining(fit.milliseconds)}.`
          : isEnough
            ? 'All of it fits.'
            : hasBudget
              ? 'Too little for a run of every arm: fewer arms or seeds.'
              : 'Proposes how many images and epochs fit.'}
      </span>
    </div>
  );
}

/** Times a few steps of every network of the study on this device, one size after another. */
export function MeasureTime({ arms }: { arms: readonly Experiment[] }): ReactNode {
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
