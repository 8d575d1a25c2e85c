import { expect, test } from 'vitest';
import { bench, dataset, experiment, Recorder } from '#testing/trainingBench.ts';
import type { Bench } from '#testing/trainingBench.ts';

/** Lets everything that is ready run. */
async function settle(): Promise<void> {
  for (let i = 0; i < 50; i++) await new Promise((resolve) => setImmediate(resolve));
}

async function whole(): Promise<Recorder> {
  const { session, recorder } = bench();
  await session.train({ experiment, reporter: recorder }, dataset);
  return recorder;
}

test('a step of a paused run is one batch, reported at once, and the run stays paused', async () => {
  const started: Bench = bench({
    stepsPerAdvance: 2,
    beforeStep: (step) => step === 2 && started.session.pause(),
  });
  const { session, recorder } = started;
  const over = session.train({ experiment, reporter: recorder }, dataset);
  await settle();
  const before = recorder.losses.length;
  expect(recorder.log.at(-1)).toBe('paused');
  session.step();
  await settle();
  expect(recorder.losses).toHaveLength(before + 1);
  // Twice in a row is two.
  session.step();
  session.step();
  await settle();
  expect(recorder.losses).toHaveLength(before + 3);
  session.resume();
  expect(await over).toBe('finished');
  expect(recorder.losses).toEqual((await whole()).losses);
  expect(recorder.log.filter((entry) => entry === 'paused')).toHaveLength(1);
});

test('a step after the last batch of an epoch validates, and takes the first batch of the next', async () => {
  const started: Bench = bench({ beforeStep: (step) => step === 5 && started.session.pause() });
  const { session, recorder } = started;
  const over = session.train({ experiment, reporter: recorder }, dataset);
  await settle();
  expect(recorder.losses).toHaveLength(6);
  expect(recorder.rows).toEqual([]);
  session.step();
  await settle();
  expect(recorder.losses).toHaveLength(7);
  expect(recorder.rows.map(({ epoch }) => epoch)).toEqual([0]);
  session.stop();
  expect(await over).toBe('stopped');
});

test('a step of a race is one batch of every run', async () => {
  const started: Bench = bench((engine) => ({
    beforeStep: (step) => engine === 0 && step === 1 && started.session.pause(),
  }));
  const recorders = [new Recorder(), new Recorder()];
  const over = started.session.race(
    recorders.map((reporter) => ({ experiment, reporter })),
    dataset,
  );
  await settle();
  const [before] = recorders.map(({ losses }) => losses.length);
  started.session.step();
  await settle();
  expect(recorders.map(({ losses }) => losses.length)).toEqual([before! + 1, before! + 1]);
  started.session.resume();
  expect(await over).toEqual(['finished', 'finished']);
});

test('a step that nobody is paused for is none', async () => {
  const started: Bench = bench({
    beforeStep: (step) => {
      if (step === 1) started.session.step();
      if (step === 3) started.session.pause();
    },
  });
  const over = started.session.train({ experiment, reporter: started.recorder }, dataset);
  await settle();
  const before = started.recorder.losses.length;
  await settle();
  expect(started.recorder.losses).toHaveLength(before);
  started.session.stop();
  await over;
});
