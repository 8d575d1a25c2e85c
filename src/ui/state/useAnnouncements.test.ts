import { describe, expect, it } from 'vitest';
import { epochRow, finderRun, metricsOf, trainRun } from '#client/runRecord.fixtures.ts';
import type { RunRecord } from '#client/runRecord.ts';
import { EMPTY_QUEUE, withInterruption, withStopped, withStudy } from '#client/studyQueue.ts';
import type { ClientState } from '#client/clientState.ts';
import { announcementsBetween } from './useAnnouncements.ts';

function state(...runs: RunRecord[]): ClientState {
  return {
    connection: { status: 'starting' },
    dataset: { info: undefined, loading: undefined, error: undefined, kept: undefined },
    measurement: {
      going: undefined,
      report: undefined,
      reports: [],
      error: undefined,
    },
    runs,
    metricsVersion: 0,
    kept: { isRead: true, removed: [], problem: undefined },
    queue: EMPTY_QUEUE,
  };
}

describe('announcementsBetween', () => {
  it('speaks the end of an epoch with its figures', () => {
    const before = trainRun();
    const after = { ...before, epochs: [epochRow(0, { validLoss: 1.234, accuracy: 0.5 })] };
    expect(announcementsBetween(state(before), state(after))).toEqual([
      '#1 BN: epoch 1 of 3 done, validation loss 1.234, accuracy 50.0 %.',
    ]);
  });

  it('speaks divergence and completion', () => {
    const before = trainRun();
    const divergence = { step: 9, loss: Infinity, learningRate: 1, reason: 'not-finite' } as const;
    expect(announcementsBetween(state(before), state({ ...before, status: 'diverged', divergence }))).toEqual(
      ['#1 BN diverged at step 10 with loss infinite, learning rate 1.'],
    );
    expect(announcementsBetween(state(before), state({ ...before, status: 'finished' }))).toEqual([
      '#1 BN finished.',
    ]);
    const finder = finderRun();
    const result = { stoppedAt: 99, reason: 'completed', suggestions: [], disagree: false } as const;
    expect(announcementsBetween(state(finder), state({ ...finder, status: 'finished', result }))).toEqual([
      'Finder #1 BN done: reached the end of its range.',
    ]);
  });

  it('speaks single steps, and how a stop rule has ended a run', () => {
    const paused = trainRun({ status: 'paused', metrics: metricsOf([2.5, 1.25]), stepCount: 1 });
    expect(announcementsBetween(state(paused), state({ ...paused, stepCount: 2 }))).toEqual([
      '#1 BN: step 2, loss 1.250.',
    ]);
    const ruled = trainRun({ options: { stopRule: { kind: 'images', value: 10 } } });
    const stopped = {
      ...ruled,
      status: 'stopped',
      detail: 'Reached 10 images at step 5.',
      endedBy: 'rule',
    } as const;
    expect(announcementsBetween(state(ruled), state(stopped))).toEqual([
      '#1 BN stopped. Reached 10 images at step 5.',
    ]);
  });

  it('speaks the end of a loading that was cancelled', () => {
    const loading = { kind: 'download', stage: '', done: 1, total: 2, isCancelling: true } as const;
    const idle = state();
    expect(announcementsBetween({ ...idle, dataset: { ...idle.dataset, loading } }, idle)).toEqual([
      'Loading was cancelled.',
    ]);
  });

  it('speaks the end of a study, and why one waits', () => {
    const idle = state();
    const experiment = trainRun().experiment;
    const study = {
      id: 's',
      title: '',
      kind: 'train',
      mode: 'queue',
      arms: [experiment],
      seeds: [0],
      finder: undefined,
      question: undefined,
    } as const;
    const queue = withStudy(EMPTY_QUEUE, study);
    const going = { ...idle, queue };
    expect(announcementsBetween(idle, going)).toEqual([]);
    expect(announcementsBetween(going, { ...idle, queue: withStopped(queue) })).toEqual([
      'The study has ended: 0 of 1 runs are done.',
    ]);
    const waiting = withInterruption(queue, 'The GPU was lost.');
    expect(announcementsBetween(going, { ...idle, queue: waiting })).toEqual([
      'The study waits. The GPU was lost.',
    ]);
  });

  it('says nothing of single steps, of validation in progress or of what did not change', () => {
    const before = trainRun();
    const after = { ...before, validating: { done: 10, total: 20 } };
    expect(announcementsBetween(state(before), state(after))).toEqual([]);
    expect(announcementsBetween(state(before), { ...state(before), metricsVersion: 7 })).toEqual([]);
  });
});
