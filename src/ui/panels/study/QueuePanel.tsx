import { useRef } from 'react';
import type { ReactNode } from 'react';
import type { RunRecord } from '#client/runRecord.ts';
import { isQueueOver, studyOf } from '#client/studyQueue.ts';
import type { QueueEntry, StudyQueue } from '#client/studyQueue.ts';
import { studyArmNames } from '#domain/arms.ts';
import type { Study } from '#domain/study.ts';
import { Icon } from '#ui/parts/Icon.tsx';
import { ProgressBar } from '#ui/parts/ProgressBar.tsx';
import { shareDone } from '#ui/runSteps.ts';
import { queueTime, timeText } from '#ui/studyCost.ts';
import { statusText } from '#ui/runText.ts';
import { useClient, useClientState, useMetricsVersion, useRuns } from '#ui/state/client.ts';
import { viewActions } from '#ui/state/viewStore.ts';
import { useStepTimes } from './useStepTimes.ts';

/** The studies that go or wait: how far each arm is, what comes next, and what can be done about it. */
export function QueuePanel(): ReactNode {
  useMetricsVersion();
  const client = useClient();
  const queue = useClientState((state) => state.queue);
  const runs = useRuns();
  const info = useClientState((state) => state.dataset.info);
  const times = useStepTimes();
  if (queue.entries.length === 0) return null;
  const actions = client.queueActions;
  const isOver = isQueueOver(queue);
  const left = queue.entries.filter(({ state }) => state === 'waiting' || state === 'going').length;
  const remaining = info && !isOver ? timeText(queueTime(queue, runs, info, times)) : undefined;
  return (
    <section className="queue" aria-label="Study progress">
      <header className="queue-head">
        <h3>{isOver ? 'Study done' : queue.isPaused ? 'Study paused' : 'Study going on'}</h3>
        <p className="field-help">
          {isOver
            ? `${queue.entries.length} runs.`
            : `${left} of ${queue.entries.length} runs left${remaining === undefined ? '' : `, ${remaining}`}.`}
        </p>
        {!isOver && (
          <div className="study-actions">
            <button
              type="button"
              className="button is-small"
              onClick={() => (queue.isPaused ? actions.resume() : actions.pause())}
            >
              <Icon name={queue.isPaused ? 'play' : 'pause'} />
              {queue.isPaused ? 'Continue study' : 'Pause study'}
            </button>
            <button type="button" className="button is-small" onClick={() => actions.stop()}>
              <Icon name="stop" />
              Stop study
            </button>
          </div>
        )}
        {isOver && queue.studies.some(({ question }) => question) && (
          <div className="study-actions">
            <button type="button" className="button is-small" onClick={() => viewActions.setTab('compare')}>
              To the claims ledger
            </button>
          </div>
        )}
      </header>
      {queue.studies.map((study) => (
        <ArmsProgress key={study.id} study={study} queue={queue} runs={runs} />
      ))}
      {!isOver && <NextRuns queue={queue} runs={runs} />}
    </section>
  );
}

function ArmsProgress(props: { study: Study; queue: StudyQueue; runs: readonly RunRecord[] }): ReactNode {
  const { study, queue, runs } = props;
  const names = studyArmNames(study);
  return (
    <div className="queue-study">
      <h4>{study.title}</h4>
      <ul className="queue-arms">
        {names.map((name, arm) => {
          const entries = queue.entries.filter((entry) => entry.studyId === study.id && entry.arm === arm);
          const wanted = entries.filter(({ state }) => state !== 'skipped');
          const done = wanted.reduce((sum, entry) => sum + entryShare(entry, runs), 0);
          const text = `${wanted.filter(({ state }) => state === 'done').length} of ${wanted.length} runs`;
          return (
            <li key={entries[0]?.key ?? name}>
              <span className="arm-name">{name}</span>
              <ProgressBar label={`Progress of ${name}`} done={done} total={wanted.length || 1} text={text} />
              <span className="queue-count">{text}</span>
            </li>
          );
        })}
      </ul>
    </div>
  );
}

function entryShare(entry: QueueEntry, runs: readonly RunRecord[]): number {
  if (entry.state === 'done') return 1;
  const run = runs.find(({ id }) => id === entry.runId);
  return run ? shareDone(run) : 0;
}

/** Of a long queue, the runs to come first. */
const LISTED = 30;

/** What goes and what waits, in order; waiting runs can be moved and left out. */
function NextRuns({ queue, runs }: { queue: StudyQueue; runs: readonly RunRecord[] }): ReactNode {
  const client = useClient();
  const list = useRef<HTMLOListElement>(null);
  const all = queue.entries.filter(({ state }) => state === 'going' || state === 'waiting');
  const open = all.slice(0, LISTED);
  return (
    <ol className="queue-list" aria-label="Runs to come" ref={list} tabIndex={-1}>
      {open.map((entry) => {
        const study = studyOf(queue, entry);
        const name = `${studyArmNames(study)[entry.arm]}, seed ${entry.experiment.seed}`;
        const run = runs.find(({ id }) => id === entry.runId);
        const move = (by: number, button: HTMLElement): void => {
          client.queueActions.move(entry.key, by);
          // An element that is moved in the page loses the focus.
          requestAnimationFrame(() => button.focus());
          viewActions.announce(`${name} moved ${by < 0 ? 'up' : 'down'}.`);
        };
        return (
          <li key={entry.key}>
            <span className="arm-name">{name}</span>
            <span className="queue-state">
              {entry.state === 'going' && run
                ? statusText(run)
                : run?.checkpointStep === undefined
                  ? 'waiting'
                  : `goes on from step ${run.checkpointStep}`}
            </span>
            {entry.state === 'waiting' && (
              <>
                <button
                  type="button"
                  className="button is-quiet is-icon"
                  aria-label={`Move ${name} up`}
                  onClick={(event) => move(-1, event.currentTarget)}
                >
                  ↑
                </button>
                <button
                  type="button"
                  className="button is-quiet is-icon"
                  aria-label={`Move ${name} down`}
                  onClick={(event) => move(1, event.currentTarget)}
                >
                  ↓
                </button>
              </>
            )}
            <button
              type="button"
              className="button is-quiet is-small"
              aria-label={`Skip ${name}`}
              onClick={() => {
                client.queueActions.skip(entry.key);
                viewActions.announce(`${name} is left out.`);
                list.current?.focus();
              }}
            >
              Skip
            </button>
          </li>
        );
      })}
      {all.length > open.length && <li className="queue-state">{`and ${all.length - open.length} more`}</li>}
    </ol>
  );
}
