import { describe, expect, it } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import type { Study } from '#domain/study.ts';
import {
  EMPTY_QUEUE,
  isQueueOver,
  nextEntries,
  withEnded,
  withInterruption,
  withMoved,
  withPaused,
  withResumed,
  withSkipped,
  withStarted,
  withStopped,
  withStudy,
  withWaiting,
} from './studyQueue.ts';
import type { StudyQueue } from './studyQueue.ts';

const bn = defaultExperiment();
const gn = { ...bn, norm: 'gn' } as const;

function study(change: Partial<Study> = {}): Study {
  return {
    id: 's',
    title: 'BN or GN',
    kind: 'train',
    mode: 'queue',
    arms: [bn, gn],
    seeds: [4, 5],
    finder: undefined,
    question: undefined,
    ...change,
  };
}

const keys = (queue: StudyQueue): string[] => nextEntries(queue).map(({ key }) => key);

/** Starts what is next, as runs 'run of <key>'. */
function start(queue: StudyQueue): StudyQueue {
  return withStarted(queue, new Map(keys(queue).map((key) => [key, `run of ${key}`])));
}

describe('a queue', () => {
  it('runs every arm once per seed, one after another, with the seed in the experiment', () => {
    let queue = withStudy(EMPTY_QUEUE, study());
    const order: string[] = [];
    while (!isQueueOver(queue)) {
      queue = start(queue);
      expect(nextEntries(queue)).toEqual([]);
      const going = queue.entries.find(({ state }) => state === 'going')!;
      order.push(`${going.experiment.norm} ${going.experiment.seed}`);
      queue = withEnded(queue, going.key);
    }
    expect(order).toEqual(['bn 4', 'gn 4', 'bn 5', 'gn 5']);
  });

  it('starts the arms of a race together, seed by seed', () => {
    let queue = start(withStudy(EMPTY_QUEUE, study({ mode: 'race' })));
    expect(queue.entries.map(({ state }) => state)).toEqual(['going', 'going', 'waiting', 'waiting']);
    queue = withEnded(withEnded(queue, 's/0/4'), 's/1/4');
    expect(keys(queue)).toEqual(['s/0/5', 's/1/5']);
    expect(keys(withSkipped(queue, 's/0/5'))).toEqual(['s/1/5']);
  });

  it('appends a study to one that goes, and replaces one that is over', () => {
    const first = start(withStudy(EMPTY_QUEUE, study({ seeds: [1], arms: [bn] })));
    expect(withStudy(first, study({ id: 't' })).studies).toHaveLength(2);
    const over = withEnded(first, 's/0/1');
    expect(withStudy(over, study({ id: 't' })).studies.map(({ id }) => id)).toEqual(['t']);
  });

  it('starts nothing while it is paused', () => {
    const paused = withPaused(withStudy(EMPTY_QUEUE, study()));
    expect(keys(paused)).toEqual([]);
    expect(keys(withResumed(paused))).toEqual(['s/0/4']);
  });

  it('moves what waits, the arms of a race with their seed, and never past what goes', () => {
    const queue = start(withStudy(EMPTY_QUEUE, study()));
    const moved = withMoved(queue, 's/1/5', -9);
    expect(moved.entries.map(({ key }) => key)).toEqual(['s/0/4', 's/1/5', 's/1/4', 's/0/5']);
    expect(withMoved(moved, 's/0/5', 1)).toBe(moved);
    const race = withMoved(withStudy(EMPTY_QUEUE, study({ mode: 'race' })), 's/1/5', -1);
    expect(keys(race)).toEqual(['s/0/5', 's/1/5']);
  });

  it('leaves out what is skipped, and at a stop everything that is not done', () => {
    let queue = start(withStudy(EMPTY_QUEUE, study()));
    queue = withSkipped(queue, 's/1/4');
    queue = withEnded(queue, 's/0/4');
    expect(keys(queue)).toEqual(['s/0/5']);
    expect(withStopped(queue).entries.map(({ state }) => state)).toEqual([
      'done',
      'skipped',
      'skipped',
      'skipped',
    ]);
    expect(isQueueOver(withStopped(queue))).toBe(true);
  });

  it('waits after an interruption with its reason, and goes on with the interrupted run', () => {
    const lost = withInterruption(start(withStudy(EMPTY_QUEUE, study())), 'The GPU was lost.');
    expect(lost).toMatchObject({ isPaused: true, pauseReason: 'The GPU was lost.' });
    expect(nextEntries(lost)).toEqual([]);
    const [next] = nextEntries(withResumed(lost));
    expect(next).toMatchObject({ key: 's/0/4', runId: 'run of s/0/4' });
  });

  it('lets interrupted runs of a race go on together, before what has not begun', () => {
    const lost = withInterruption(start(withStudy(EMPTY_QUEUE, study({ mode: 'race' }))), 'lost');
    let queue = withResumed(lost);
    expect(keys(queue)).toEqual(['s/0/4', 's/1/4']);
    queue = withEnded(withEnded(start(queue), 's/0/4'), 's/1/4');
    expect(keys(queue)).toEqual(['s/0/5', 's/1/5']);
  });

  it('lets those go on alone that cannot go on together', () => {
    const lost = withInterruption(start(withStudy(EMPTY_QUEUE, study({ mode: 'race' }))), 'lost');
    let queue = withWaiting(start(withResumed(lost)), ['s/0/4', 's/1/4'], 'alone');
    expect(keys(queue)).toEqual(['s/0/4']);
    queue = withEnded(start(queue), 's/0/4');
    expect(keys(queue)).toEqual(['s/1/4']);
    queue = withEnded(start(queue), 's/1/4');
    expect(keys(queue)).toEqual(['s/0/5', 's/1/5']);
  });

  it('forgets no interruption of what is over', () => {
    expect(withInterruption(EMPTY_QUEUE, 'lost')).toBe(EMPTY_QUEUE);
  });
});
