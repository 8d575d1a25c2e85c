import { useEffect, useRef } from 'react';
import { isQueueOver } from '#client/studyQueue.ts';
import type { StudyQueue } from '#client/studyQueue.ts';
import type { ClientState } from '#client/clientState.ts';
import type { RunRecord } from '#client/runRecord.ts';
import { formatCount, formatLoss, formatPercent } from '#ui/format.ts';
import { divergenceText, endedByRule, finderReason, runLabel } from '#ui/runText.ts';
import { useClient } from './client.ts';
import { viewActions } from './viewStore.ts';

/** What changed between two states that someone who cannot see the charts should hear. */
export function announcementsBetween(before: ClientState, after: ClientState): readonly string[] {
  const spoken: string[] = [];
  for (const run of after.runs) {
    const old = before.runs.find((other) => other.id === run.id);
    if (old && old !== run) spoken.push(...runAnnouncements(old, run));
  }
  spoken.push(...queueAnnouncements(before.queue, after.queue));
  const info = after.dataset.info;
  if (before.dataset.loading?.isCancelling && !after.dataset.loading && info === before.dataset.info) {
    spoken.push('Loading was cancelled.');
  }
  if (info && before.dataset.info && info.hash !== before.dataset.info.hash) {
    spoken.push(`${info.title} loaded: ${info.trainCount} training images.`);
  }
  return spoken;
}

function queueAnnouncements(before: StudyQueue, after: StudyQueue): readonly string[] {
  if (!isQueueOver(before) && isQueueOver(after)) {
    const done = after.entries.filter(({ state }) => state === 'done').length;
    return [`The study has ended: ${done} of ${after.entries.length} runs are done.`];
  }
  return after.pauseReason !== undefined && after.pauseReason !== before.pauseReason
    ? [`The study waits. ${after.pauseReason}`]
    : [];
}

function runAnnouncements(old: RunRecord, run: RunRecord): readonly string[] {
  const spoken: string[] = [];
  const name = runLabel(run);
  if (run.kind === 'train' && old.kind === 'train' && run.epochs.length > old.epochs.length) {
    const row = run.epochs.at(-1)!;
    spoken.push(
      `${name}: epoch ${row.epoch + 1} of ${run.experiment.epochs} done, validation loss ${formatLoss(row.validLoss)}, accuracy ${formatPercent(row.accuracy)}.`,
    );
  }
  if (run.status === 'paused' && old.status === 'paused' && run.stepCount > old.stepCount) {
    const loss = formatLoss(run.metrics.at('losses', run.metrics.count - 1));
    spoken.push(`${name}: step ${formatCount(run.stepCount)}, loss ${loss}.`);
  }
  if (run.status === old.status) return spoken;
  if (run.kind === 'finder' && run.result && run.status === 'finished') {
    spoken.push(`Finder ${name} done: ${finderReason(run.result)}.`);
  } else if (run.kind === 'train' && run.status === 'finished') spoken.push(`${name} finished.`);
  else if (run.kind === 'train' && run.status === 'diverged') spoken.push(`${name} ${divergenceText(run)}.`);
  else if (endedByRule(run)) spoken.push(`${name} stopped. ${run.detail}`);
  else if (run.status === 'paused' || run.status === 'stopped') spoken.push(`${name} ${run.status}.`);
  else if (run.status === 'failed' || run.status === 'interrupted') {
    spoken.push(`${name} ${run.status}. ${run.detail ?? ''}`);
  }
  return spoken;
}

/** Speaks epochs, divergence, completion of runs and studies; nothing per step. */
export function useAnnouncements(): void {
  const client = useClient();
  const last = useRef(client.getState());
  useEffect(
    () =>
      client.subscribe(() => {
        const spoken = announcementsBetween(last.current, client.getState());
        last.current = client.getState();
        if (spoken.length > 0) viewActions.announce(spoken.join(' '));
      }),
    [client],
  );
}
