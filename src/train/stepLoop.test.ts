import { expect, test } from 'vitest';
import type { StepResults, TrainingEngine } from '#engine/engine.ts';
import { PauseSwitch, RunControl } from './runControl.ts';
import { StepLoop } from './stepLoop.ts';
import { LapTimer } from './stopwatch.ts';

/** A lane whose device answers only when told to. */
class SlowLane {
  readonly control = new RunControl(new PauseSwitch());
  readonly log: string[] = [];
  readonly #calls: { resolve(results: StepResults): void; reject(error: unknown): void }[] = [];
  readonly engine = {
    stepsPerAdvance: 2,
    advance: () => new Promise<StepResults>((resolve, reject) => this.#calls.push({ resolve, reject })),
    cancel: () => {
      for (const { reject } of this.#calls.splice(0)) reject(new DOMException('Cancelled', 'AbortError'));
    },
  } as unknown as TrainingEngine;
  readonly arrived = ({ firstStep, losses }: StepResults): 'go' => {
    this.log.push(`${firstStep} to ${firstStep + losses.length - 1}`);
    return 'go';
  };

  answer(firstStep: number, count: number): void {
    const results = { firstStep, losses: new Float32Array(count), correct: new Uint32Array(count) };
    this.#calls.shift()!.resolve(results);
  }
}

async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

function race(count: number): { lanes: SlowLane[]; left: string[]; end: Promise<void> } {
  const lanes = Array.from({ length: count }, () => new SlowLane());
  const clock = (): number => 0;
  const left: string[] = [];
  const loop = new StepLoop(lanes, clock, new LapTimer(clock));
  const end = loop.run(0, 4, {
    paused: async () => undefined,
    left: async (lane, why) => void left.push(`${lanes.indexOf(lane)} ${why}`),
  });
  return { lanes, left, end };
}

test('a lane that is stopped leaves without waiting for the steps of the others', async () => {
  const { lanes, left, end } = race(2);
  lanes[0]!.answer(0, 2);
  await settled();
  lanes[1]!.answer(0, 2);
  await settled();
  lanes[1]!.control.stop();
  await settled();
  expect(left).toEqual(['1 stopped']);
  expect(lanes[0]!.log).toEqual(['0 to 1']);
  lanes[0]!.answer(2, 2);
  await end;
  expect(lanes.map(({ log }) => log)).toEqual([['0 to 1', '2 to 3'], ['0 to 1']]);
});

test('the steps that a stop has left of a call are recorded', async () => {
  const { lanes, left, end } = race(1);
  lanes[0]!.engine.cancel = () => lanes[0]!.answer(0, 1);
  lanes[0]!.control.stop();
  await end;
  expect(lanes[0]!.log).toEqual(['0 to 0']);
  expect(left).toEqual(['0 stopped']);
});

test('fewer steps than asked for are an error where nobody has stopped the run', async () => {
  const { lanes, end } = race(1);
  lanes[0]!.answer(0, 1);
  await expect(end).rejects.toThrow('answered steps 0 to 0 when asked for 0 to 1');
});
