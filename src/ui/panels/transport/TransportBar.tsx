import type { ReactNode } from 'react';
import type { RunRecord } from '#client/runRecord.ts';
import { armName } from '#domain/experiment.ts';
import { formatClock, formatCount, formatRate, formatRemaining, formatSpeed } from '#ui/format.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import { ProgressBar } from '#ui/parts/ProgressBar.tsx';
import { experimentProblem, runSize } from '#ui/plan.ts';
import { runLabel, statusText } from '#ui/runText.ts';
import { useActiveRun, useClient, useClientState, useMetricsVersion, useRuns } from '#ui/state/client.ts';
import { useSetup } from '#ui/state/setupStore.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import { useSetupError } from '../setup/SetupPanel.tsx';
import { runProgress } from './progress.ts';

/** Start, pause, stop and how far it is; always in view. */
export function TransportBar(): ReactNode {
  const active = useActiveRun();
  return (
    <section className="transport" aria-label="Transport">
      {active ? <Going run={active} /> : <Idle />}
    </section>
  );
}

/** Why nothing can start right now, in a sentence. */
function useObstacle(): string | undefined {
  const connection = useClientState((state) => state.connection);
  const { info, loading } = useClientState((state) => state.dataset);
  const experiment = useSetup((state) => state.experiment);
  const error = useSetupError();
  if (connection.status === 'starting') return 'Looking for the GPU…';
  if (connection.status === 'unsupported') return 'Nothing can train in this browser; see above.';
  if (connection.status === 'failed') return 'The training worker has stopped; see above.';
  if (loading) return `${loading.stage}…`;
  if (!info) return 'There is no data to train on.';
  return error ?? experimentProblem(experiment, info);
}

function Idle(): ReactNode {
  const client = useClient();
  const experiment = useSetup((state) => state.experiment);
  const finder = useSetup((state) => state.finder);
  const info = useClientState((state) => state.dataset.info);
  const tab = useView((state) => state.tab);
  const obstacle = useObstacle();
  const last = useRuns().at(-1);
  const outcome = last
    ? `${last.kind === 'finder' ? 'Finder' : 'Run'} ${runLabel(last)} ${statusText(last)}.`
    : 'Ready.';
  const { setTab, select } = viewActions;
  const size = info && runSize(experiment, info);
  const find = (): void => {
    select('finder', undefined);
    setTab('find');
    client.findLearningRate(experiment, finder);
  };
  const train = (): void => {
    select('train', undefined);
    setTab('train');
    client.train(experiment);
  };
  const findIsNext = tab === 'find';
  return (
    <>
      <div className="transport-buttons">
        <button
          type="button"
          className={findIsNext ? 'button is-primary' : 'button'}
          disabled={obstacle !== undefined}
          onClick={find}
        >
          <Icon name="search" />
          Find learning rate
        </button>
        <button
          type="button"
          className={findIsNext ? 'button' : 'button is-primary'}
          disabled={obstacle !== undefined}
          onClick={train}
        >
          <Icon name="play" />
          Start training
        </button>
      </div>
      <div className="transport-status">
        <div className="transport-line">
          <strong>{armName(experiment)}</strong>
          <span>{`batch ${experiment.batchSize}`}</span>
          <span>{`max LR ${formatRate(experiment.maxLearningRate, 3)}`}</span>
          {size && <span>{`${formatCount(size.totalSteps)} steps`}</span>}
          {size && size.trainCount < (info?.trainCount ?? 0) && (
            <span>{`on ${formatCount(size.trainCount)} images`}</span>
          )}
        </div>
        <div className={obstacle ? 'transport-detail is-obstacle' : 'transport-detail'}>
          {obstacle ?? outcome}
        </div>
      </div>
    </>
  );
}

function Going({ run }: { run: RunRecord }): ReactNode {
  useMetricsVersion();
  const client = useClient();
  const progress = runProgress(run);
  const isPaused = run.status === 'paused';
  const validating = run.kind === 'train' && run.status === 'running' ? run.validating : undefined;
  const doing =
    run.asked === 'stop'
      ? 'stopping…'
      : run.asked === 'pause'
        ? 'pausing…'
        : run.status === 'preparing'
          ? 'preparing the network…'
          : validating
            ? `validating ${formatCount(validating.done)}/${formatCount(validating.total)}`
            : statusText(run);
  const position = [
    ...(run.kind === 'train' ? [`epoch ${progress.epoch}/${run.experiment.epochs}`] : []),
    `step ${formatCount(progress.steps)}/${progress.totalSteps ? formatCount(progress.totalSteps) : '…'}`,
  ].join(', ');
  return (
    <>
      <div className="transport-buttons">
        <button
          type="button"
          className="button"
          disabled={run.status === 'preparing' || run.asked === 'stop'}
          onClick={() => (isPaused ? client.resume(run.id) : client.pause(run.id))}
        >
          <Icon name={isPaused ? 'play' : 'pause'} />
          {isPaused ? 'Resume' : 'Pause'}
        </button>
        <button
          type="button"
          className="button"
          disabled={run.asked === 'stop'}
          onClick={() => client.stop(run.id)}
        >
          <Icon name="stop" />
          Stop
        </button>
      </div>
      <div className="transport-status">
        <div className="transport-line">
          <strong>{run.kind === 'finder' ? `Finder ${runLabel(run)}` : `Run ${runLabel(run)}`}</strong>
          <span>{position}</span>
          <span className="transport-doing">{doing}</span>
        </div>
        <ProgressBar
          label={run.kind === 'finder' ? 'Finder progress' : 'Training progress'}
          done={progress.steps}
          total={progress.totalSteps}
          text={position}
        />
      </div>
      <dl className="transport-figures">
        <div>
          <dt>images/s</dt>
          <dd>{progress.imagesPerSecond === undefined ? '–' : formatSpeed(progress.imagesPerSecond)}</dd>
        </div>
        <div>
          <dt>elapsed</dt>
          <dd>{formatClock(progress.elapsedMs)}</dd>
        </div>
        <div>
          <dt>remaining</dt>
          <dd>{progress.remainingMs === undefined ? '–' : formatRemaining(progress.remainingMs)}</dd>
        </div>
      </dl>
    </>
  );
}
