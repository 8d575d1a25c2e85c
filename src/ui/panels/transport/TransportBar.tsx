import type { MouseEvent, ReactNode } from 'react';
import { isGoing } from '#client/runRecord.ts';
import type { RunRecord } from '#client/runRecord.ts';
import { isQueueOver } from '#client/studyQueue.ts';
import { armName } from '#domain/experiment.ts';
import type { RunOptions } from '#domain/runOptions.ts';
import { stopText } from '#domain/runOptions.ts';
import { formatCount, formatRate } from '#ui/format.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import type { IconName } from '#ui/parts/Icon.tsx';
import { useStepTimes } from '#ui/panels/study/useStepTimes.ts';
import { experimentProblem, runSize } from '#ui/plan.ts';
import { queueTime, timeText } from '#ui/studyCost.ts';
import { weightsProblem } from '#ui/startWeights.ts';
import { endedByRule, runLabel, statusText } from '#ui/runText.ts';
import { useActiveRun, useClient, useClientState, useMetricsVersion, useRuns } from '#ui/state/client.ts';
import { useSetup, useSetupError } from '#ui/state/setupStore.ts';
import { useView, viewActions } from '#ui/state/viewStore.ts';
import { GoingStatus } from './GoingStatus.tsx';
import { TransportKeys } from './TransportKeys.tsx';

/** Start, pause, stop and how far it is; always in view. */
export function TransportBar(): ReactNode {
  const active = useActiveRun();
  const obstacle = useObstacle();
  const goesOn = useClientState(({ queue }) => !queue.isPaused && !isQueueOver(queue));
  return (
    <section className="transport" aria-label="Transport">
      <TransportButtons run={active} goesOn={goesOn} canStart={obstacle === undefined} />
      {active ? <GoingStatus run={active} /> : goesOn ? <BetweenRuns /> : <Idle obstacle={obstacle} />}
      <StudyProgress />
    </section>
  );
}

/** Why no run at all can start right now, whatever the set-up, in a sentence. */
function usePageObstacle(): string | undefined {
  const connection = useClientState((state) => state.connection);
  const { info, loading } = useClientState((state) => state.dataset);
  const isMeasuring = useClientState((state) => state.measurement.going !== undefined);
  if (connection.status === 'starting') return 'Looking for the GPU…';
  if (connection.status === 'unsupported') return 'Nothing can train in this browser; see above.';
  if (connection.status === 'failed') return 'The training worker has stopped; see above.';
  if (isMeasuring) return 'The GPU is being measured; wait for the end of that or cancel it.';
  if (loading) return `${loading.stage}…`;
  return info ? undefined : 'There is no data to train on.';
}

/** Why the set-up cannot be trained right now, in a sentence. */
function useObstacle(): string | undefined {
  const obstacle = usePageObstacle();
  const { info } = useClientState((state) => state.dataset);
  const experiment = useSetup((state) => state.experiment);
  const error = useSetupError();
  const weights = useSetup((state) => state.weights);
  if (obstacle !== undefined || !info) return obstacle;
  return (
    error ?? experimentProblem(experiment, info) ?? (weights && weightsProblem(experiment, info, weights))
  );
}

interface TransportButtonProps {
  readonly icon: IconName;
  readonly label: string;
  readonly isPrimary?: boolean;
  readonly title?: string;
  readonly isDisabled: boolean;
  readonly takesDoubleClicks?: true;
  readonly onPress: () => void;
}

/**
 * Stays one element as its meaning changes, so that the focus stays where it is. It is never `disabled`, which
 * would lose the focus, and leaves out the second click of a double click, which was meant for the label before.
 */
function TransportButton(props: TransportButtonProps): ReactNode {
  const { icon, label, isPrimary, isDisabled, onPress } = props;
  const press = (event: MouseEvent): void => {
    if (!isDisabled && (props.takesDoubleClicks || event.detail <= 1)) onPress();
  };
  return (
    <button
      type="button"
      className={isPrimary ? 'button is-primary' : 'button'}
      title={props.title}
      aria-disabled={isDisabled}
      onClick={press}
    >
      <Icon name={icon} />
      {label}
    </button>
  );
}

interface TransportButtonsProps {
  readonly run: RunRecord | undefined;
  /** A study is under way, also between two of its runs. */
  readonly goesOn: boolean;
  readonly canStart: boolean;
}

function TransportButtons({ run, goesOn, canStart }: TransportButtonsProps): ReactNode {
  const client = useClient();
  const queue = useClientState((state) => state.queue);
  const experiment = useSetup((state) => state.experiment);
  const finder = useSetup((state) => state.finder);
  const weights = useSetup((state) => state.weights);
  const rateReason = useSetup((state) => state.rateReason);
  const options = useSetup((state) => state.options);
  const going = useRuns().filter(isGoing);
  const findIsNext = useView((state) => state.tab === 'find');
  if (run || goesOn) {
    const isOfStudy = queue.entries.some(({ runId, state }) => runId === run?.id && state === 'going');
    // Between two runs of a study there is none, and the buttons are the study's.
    const alone = isOfStudy ? undefined : run;
    const isPaused = run?.status === 'paused';
    const cannotPause = run?.status === 'preparing' || run?.asked !== undefined;
    const setPaused = (pauses: boolean): void => {
      // A paused run of a study pauses the study: another run would start in its place otherwise.
      if (!alone) {
        if (pauses) client.queueActions.pause();
        else client.queueActions.resume();
      } else if (pauses) client.pause(alone.id);
      else client.resume(alone.id);
    };
    return (
      <div className="transport-buttons">
        <TransportButton
          icon="stop"
          label={alone ? 'Stop' : 'Stop study'}
          isDisabled={run?.asked === 'stop'}
          onPress={() => (alone ? client.stop(alone.id) : client.queueActions.stop())}
        />
        <TransportButton
          icon={isPaused ? 'play' : 'pause'}
          label={isPaused ? 'Resume' : 'Pause'}
          isDisabled={cannotPause}
          onPress={() => setPaused(!isPaused)}
        />
        {run && isPaused && (
          <TransportButton
            icon="step"
            label="Step"
            title={going.length > 1 ? 'One batch of every run (F9)' : 'One batch (F9)'}
            isDisabled={run.asked !== undefined}
            // Several presses in a row are several steps.
            takesDoubleClicks
            onPress={() => client.step(run.id)}
          />
        )}
        <TransportKeys
          onPause={cannotPause ? undefined : () => setPaused(!isPaused)}
          onStep={run && isPaused && run.asked === undefined ? () => client.step(run.id) : undefined}
        />
      </div>
    );
  }
  return (
    <div className="transport-buttons">
      <TransportButton
        icon="search"
        label="Find learning rate"
        isPrimary={findIsNext}
        isDisabled={!canStart}
        onPress={() => {
          viewActions.select('finder', undefined);
          viewActions.setTab('find');
          client.findLearningRate(experiment, finder, weights);
        }}
      />
      <TransportButton
        icon="play"
        label="Start training"
        isPrimary={!findIsNext}
        isDisabled={!canStart}
        onPress={() => {
          viewActions.select('train', undefined);
          viewActions.setTab('train');
          client.train(experiment, weights, {
            ...(rateReason !== undefined && { rateReason }),
            ...(!isEmpty(options) && { options }),
          });
        }}
      />
    </div>
  );
}

function Idle({ obstacle }: { obstacle: string | undefined }): ReactNode {
  const experiment = useSetup((state) => state.experiment);
  const info = useClientState((state) => state.dataset.info);
  const weights = useSetup((state) => state.weights);
  const { stopRule } = useSetup((state) => state.options);
  const last = useRuns().at(-1);
  const size = info && runSize(experiment, info);
  const outcome = last
    ? `${last.kind === 'finder' ? 'Finder' : 'Run'} ${runLabel(last)} ${statusText(last)}.${endedByRule(last) ? ` ${last.detail}` : ''}`
    : 'Ready.';
  return (
    <div className="transport-status">
      <div className="transport-line">
        <strong>{armName(experiment)}</strong>
        <span>{`batch ${experiment.batchSize}`}</span>
        <span>{`max LR ${formatRate(experiment.maxLearningRate, 3)}`}</span>
        {size && <span>{`${formatCount(size.totalSteps)} steps`}</span>}
        {stopRule && <span>{`or until it stops ${stopText(stopRule)}`}</span>}
        {weights && <span>{`from ${weights.name}`}</span>}
        {size && info && size.trainCount < info.trainCount && (
          <span>{`on ${formatCount(size.trainCount)} images`}</span>
        )}
      </div>
      <div className={obstacle ? 'transport-detail is-obstacle' : 'transport-detail'}>
        {obstacle ?? outcome}
      </div>
    </div>
  );
}

/** What was kept of the run before is written, or that of the next one read. */
function BetweenRuns(): ReactNode {
  const obstacle = usePageObstacle();
  return (
    <div className="transport-status">
      <div className="transport-line">
        <strong>Study</strong>
      </div>
      <div className={obstacle ? 'transport-detail is-obstacle' : 'transport-detail'}>
        {obstacle ?? 'The next run begins…'}
      </div>
    </div>
  );
}

/** Where the study stands that the run belongs to; nothing outside studies. */
function StudyProgress(): ReactNode {
  useMetricsVersion();
  const queue = useClientState((state) => state.queue);
  const runs = useRuns();
  const info = useClientState((state) => state.dataset.info);
  const times = useStepTimes();
  if (queue.entries.length === 0 || isQueueOver(queue)) return null;
  const wanted = queue.entries.filter(({ state }) => state !== 'skipped');
  const done = wanted.filter(({ state }) => state === 'done').length;
  const remaining = info && timeText(queueTime(queue, runs, info, times), ' left');
  return (
    <button type="button" className="transport-study" onClick={() => viewActions.setTab('study')}>
      <span>{queue.isPaused ? 'Study paused' : 'Study'}</span>
      <strong>{`${done} of ${wanted.length} runs`}</strong>
      <span>{remaining}</span>
    </button>
  );
}

function isEmpty(options: RunOptions): boolean {
  return Object.keys(options).length === 0;
}
