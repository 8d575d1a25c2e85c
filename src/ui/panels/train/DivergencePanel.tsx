import type { ReactNode } from 'react';
import type { TrainRecord } from '#client/runRecord.ts';
import type { Experiment } from '#domain/experiment.ts';
import { formatCount, formatRate } from '#ui/format.ts';
import { divergenceText, runLabel, runName } from '#ui/runText.ts';
import { useActiveRun, useClient } from '#ui/state/client.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { RecorderStrip } from './RecorderStrip.tsx';

/** A run that diverged: what broke first, and ways to go on from before that. */
export function DivergencePanel({ run }: { run: TrainRecord }): ReactNode {
  const { checkpointStep, layers } = run;
  return (
    <section className="divergence" aria-label={`Divergence of ${runName(run)}`}>
      <h3>{`${runLabel(run)} ${divergenceText(run)}`}</h3>
      <p>Its curves up to there stay on the charts.</p>
      {layers ? <RecorderStrip history={layers} /> : <p>Its layers were not recorded.</p>}
      {checkpointStep === undefined ? (
        <p>It diverged before a state of it was kept: nothing can be continued from it.</p>
      ) : (
        <Forks run={run} step={checkpointStep} />
      )}
    </section>
  );
}

interface ForkChoice {
  readonly label: string;
  readonly change: Partial<Experiment>;
}

/** One change at a time, each a likely cure. */
export function forkChoices({ maxLearningRate, norm, ws }: Experiment): readonly ForkChoice[] {
  const lower = Number((maxLearningRate / 3).toPrecision(2));
  return [
    { label: `LR / 3 (${formatRate(lower)})`, change: { maxLearningRate: lower } },
    ...(norm === 'gn' ? [] : [{ label: 'GN', change: { norm: 'gn' as const } }]),
    ...(ws ? [] : [{ label: 'WS on', change: { ws: true } }]),
  ];
}

function Forks({ run, step }: { run: TrainRecord; step: number }): ReactNode {
  const client = useClient();
  const active = useActiveRun();
  const fork = (change: Partial<Experiment>): void => {
    if (active) return;
    viewActions.select('train', undefined);
    client.fork(run.id, { ...run.experiment, ...change });
  };
  return (
    <>
      <p>
        {`The newest usable state was kept after step ${formatCount(step)}, at learning rate ${formatRate(run.metrics.at('learningRates', step - 1))}. Fork from there with:`}
      </p>
      <div className="fork-buttons">
        {forkChoices(run.experiment).map(({ label, change }) => (
          <button
            key={label}
            type="button"
            className="button"
            aria-disabled={active !== undefined}
            onClick={() => fork(change)}
          >
            {label}
          </button>
        ))}
      </div>
      {active && <p className="field-help">A fork can start when the run that is going has ended.</p>}
    </>
  );
}
