import type { ReactNode } from 'react';
import type { Experiment } from '#domain/experiment.ts';
import { oneCycleV1 } from '#optim/schedules.ts';
import type { StepValues } from '#optim/schedules.ts';
import type { RunSize } from '#ui/plan.ts';
import { formatCount, formatRate } from '#ui/format.ts';

const WIDTH = 260;
const HEIGHT = 44;
const POINTS = 131;

function valuesAt(experiment: Experiment, step: number, totalSteps: number): StepValues {
  return experiment.schedule === 'one-cycle'
    ? oneCycleV1(step, totalSteps, experiment.maxLearningRate)
    : { learningRate: experiment.maxLearningRate, momentum: experiment.momentum };
}

/** Learning rate and momentum over the true number of steps of the run that the set-up describes. */
export function SchedulePreview({
  experiment,
  size,
}: {
  experiment: Experiment;
  size: RunSize | undefined;
}): ReactNode {
  if (!size || size.totalSteps < 2) return <div className="schedule-preview" aria-hidden="true" />;
  const { totalSteps, stepsPerEpoch } = size;
  const samples = Array.from({ length: POINTS }, (_, i) => {
    const step = Math.round((i / (POINTS - 1)) * (totalSteps - 1));
    return { step, ...valuesAt(experiment, step, totalSteps) };
  });
  const rates = samples.map((sample) => sample.learningRate);
  const momenta = samples.map((sample) => sample.momentum);
  const peak = samples[rates.indexOf(Math.max(...rates))]!;
  const start = samples[0]!;
  const end = samples.at(-1)!;
  const isConstant = experiment.schedule === 'constant';
  return (
    <div className="schedule-preview">
      <Curve
        label="learning rate"
        values={rates}
        low={0}
        high={experiment.maxLearningRate}
        text={
          isConstant
            ? `${formatRate(start.learningRate)} throughout`
            : `${formatRate(start.learningRate)} → ${formatRate(peak.learningRate)} → ${formatRate(end.learningRate)}`
        }
      />
      <Curve
        label="momentum"
        values={momenta}
        low={0.8}
        high={1}
        text={
          isConstant
            ? `${start.momentum} throughout`
            : `${start.momentum} → ${peak.momentum.toFixed(2)} → ${end.momentum.toFixed(2)}`
        }
      />
      <p className="schedule-steps">
        {`${formatCount(stepsPerEpoch)} steps × ${experiment.epochs} ${experiment.epochs === 1 ? 'epoch' : 'epochs'} = ${formatCount(totalSteps)} steps`}
        {isConstant ? '' : `, peak at ${formatCount(peak.step)}`}
      </p>
    </div>
  );
}

function Curve(props: {
  label: string;
  values: readonly number[];
  low: number;
  high: number;
  text: string;
}): ReactNode {
  const span = props.high - props.low || 1;
  const path = props.values
    .map((value, i) => {
      const share = Math.min(1, Math.max(0, (value - props.low) / span));
      return `${i === 0 ? 'M' : 'L'}${((i / (props.values.length - 1)) * WIDTH).toFixed(1)} ${(HEIGHT - 3 - share * (HEIGHT - 6)).toFixed(1)}`;
    })
    .join('');
  return (
    <figure className="schedule-curve">
      <figcaption>
        <span>{props.label}</span>
        <span>{props.text}</span>
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={path} vectorEffect="non-scaling-stroke" />
      </svg>
    </figure>
  );
}
