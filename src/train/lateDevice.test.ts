import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { StepResults, TrainingEngine } from '#engine/engine.ts';
import type { GpuContext } from '#gpu/device.ts';
import { PauseSwitch, RunControl } from './runControl.ts';
import { StepLoop } from './stepLoop.ts';
import { LapTimer } from './stopwatch.ts';
import { PiecewiseTask } from '#engine/replay/piecewiseTask.ts';
import { StepPacer } from '#engine/replay/stepPacer.ts';
import { SubmissionQueue } from '#engine/replay/submissionQueue.ts';

interface Timing {
  /** Of one dispatch, milliseconds. */
  readonly dispatchMs: number;
  /** From the end of the work until its results can be read. */
  readonly mapMs?: number;
  /** The browser looks this often what the device has done. */
  readonly tickMs?: number;
}

const DISPATCHES = 144;

/** A serial device that takes its time, in a browser that tells of it late. */
class LateDevice {
  readonly pieces: number[] = [];
  busyMs = 0;
  readonly #timing: Timing;
  #freeAt = 0;
  readonly context = {
    device: {
      pushErrorScope: () => undefined,
      popErrorScope: () => Promise.resolve(null),
      queue: { onSubmittedWorkDone: () => this.#told(this.#freeAt) },
    },
    onFailure: () => () => undefined,
  } as unknown as GpuContext;

  constructor(timing: Timing) {
    this.#timing = timing;
  }

  submit(dispatches: number): void {
    const work = dispatches * this.#timing.dispatchMs;
    this.pieces.push(dispatches);
    this.busyMs += work;
    this.#freeAt = Math.max(this.#freeAt, performance.now()) + work;
  }

  mapped(): Promise<void> {
    return this.#told(this.#freeAt + (this.#timing.mapMs ?? 0));
  }

  #told(at: number): Promise<void> {
    const { tickMs } = this.#timing;
    const seen = tickMs === undefined ? at : Math.ceil(at / tickMs) * tickMs;
    return new Promise((resolve) => setTimeout(resolve, seen - performance.now()));
  }
}

/** The part of an engine that paces. */
function engineOn(device: LateDevice): TrainingEngine {
  const queue = new SubmissionQueue(device.context);
  const pacer = new StepPacer(DISPATCHES, 256);
  let issued = 0;
  const advance = async (count: number): Promise<StepResults> => {
    const firstStep = issued;
    issued += count;
    let read: Promise<void> | undefined;
    const task = new PiecewiseTask({
      context: device.context,
      owner: device,
      doing: 'a test',
      isPaced: true,
      rounds: count,
      dispatchCount: DISPATCHES,
      pacer,
      submit: ({ from, to, rounds }, _round, isLast) => {
        device.submit((to - from) * rounds);
        if (isLast) read = device.mapped();
      },
    });
    queue.add(task);
    await task.submitted;
    await read;
    return { firstStep, losses: new Float32Array(count), correct: new Uint32Array(count) };
  };
  return {
    advance,
    get stepsPerAdvance() {
      return pacer.roundsPerPiece;
    },
    get millisecondsPerStep() {
      return pacer.roundMs;
    },
  } as TrainingEngine;
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Share of the time in which the device worked, over so many steps. */
async function usage(timing: Timing, steps: number): Promise<{ share: number; device: LateDevice }> {
  const device = new LateDevice(timing);
  const control = new RunControl(new PauseSwitch());
  const lane = { engine: engineOn(device), control, arrived: () => 'go' as const };
  const clock = (): number => performance.now();
  const loop = new StepLoop([lane], clock, new LapTimer(clock));
  const hooks = { paused: () => Promise.resolve(), left: () => Promise.resolve() };
  const begun = performance.now();
  const end = { at: 0 };
  const done = loop.run(0, steps, hooks).then(() => void (end.at = performance.now()));
  while (end.at === 0) await vi.advanceTimersByTimeAsync(50);
  await done;
  return { share: device.busyMs / (end.at - begun), device };
}

const FAST = { dispatchMs: 0.035 };
const MIDDLING = { dispatchMs: 0.3 };
const SLOW = { dispatchMs: 2 };

test.each([FAST, MIDDLING, SLOW])('keeps the device busy: $dispatchMs ms a dispatch', async (timing) => {
  expect((await usage(timing, 500)).share).toBeGreaterThan(0.99);
});

// Longer steps are issued one at a time, so that Pause answers soon: they wait for each result.
test.each([FAST, MIDDLING])(
  'loses less than a twentieth where results take 100 ms to be read: $dispatchMs ms a dispatch',
  async (timing) => {
    expect((await usage({ ...timing, mapMs: 100 }, 1500)).share).toBeGreaterThan(0.95);
  },
);

test.each([
  { ...FAST, steps: 4000, least: 0.3 },
  { ...MIDDLING, steps: 800, least: 0.6 },
  { ...SLOW, steps: 400, least: 0.7 },
])(
  'does not fall to one small piece for each of the browser’s looks at the device: $dispatchMs ms a dispatch',
  async ({ dispatchMs, steps, least }) => {
    const { share, device } = await usage({ dispatchMs, tickMs: 100 }, steps);
    expect(share).toBeGreaterThan(least);
    const late = device.pieces.slice(-100);
    expect(late.reduce((sum, dispatches) => sum + dispatches, 0) / late.length).toBeGreaterThan(20);
  },
);
