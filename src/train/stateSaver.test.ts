import { expect, test } from 'vitest';
import type { EngineState, TrainingEngine } from '#engine/engine.ts';
import type { RunState } from './reporter.ts';
import { StateSaver } from './stateSaver.ts';
import type { Progress } from './stateSaver.ts';

const at = (step: number): Progress => ({ step, elapsedMs: 1000 * step, epochStartedMs: 0 });

async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}

test('writes the state of a pause and the one that falls due after it one after the other', async () => {
  const snapshots: (() => void)[] = [];
  const writes: { readonly step: number; end(): void }[] = [];
  const snapshot = (): Promise<EngineState> => {
    const state = { step: 5 + snapshots.length, parameters: new Map(), buffers: new Map(), moments: [] };
    return new Promise((resolve) => snapshots.push(() => resolve(state)));
  };
  const keep = ({ step }: RunState): Promise<void> => new Promise((end) => writes.push({ step, end }));
  const saver = new StateSaver({ snapshot } as TrainingEngine, { keep }, 100, at(0));

  void saver.keepNow(at(5));
  // The user goes on at once, and hides the page.
  saver.want();
  expect([saver.isFree, saver.isDue(6, 5000)]).toEqual([true, true]);
  saver.take(6);
  for (const take of snapshots) take();
  await settled();
  saver.recorded(at(6));
  saver.recorded(at(7));
  await settled();
  expect(writes.map(({ step }) => step)).toEqual([5]);

  let isSettled = false;
  void saver.settled().then(() => (isSettled = true));
  writes[0]!.end();
  await settled();
  expect(writes.map(({ step }) => step)).toEqual([5, 6]);
  expect(isSettled).toBe(false);
  writes[1]!.end();
  await settled();
  expect(isSettled).toBe(true);
});
