import type { BenchmarkArm } from '#domain/benchmark.ts';
import { resnet18, trainingFlops } from '#domain/resnet.ts';
import type { Dataset } from '#domain/dataset.ts';
import { createReplayEngine, type ReplayOptions } from '#engine/replay/createReplayEngine.ts';
import type { TunedRun } from '#engine/replay/tunings.ts';
import { EVALUATION_BATCH } from '#engine/replay/tiles.ts';
import type { GpuContext } from '#gpu/device.ts';
import { countGpuCalls, gpuCalls } from './gpuCalls.ts';
import { startingPoint } from './startingPoint.ts';

export interface BenchCase extends BenchmarkArm {
  readonly width: number;
  readonly batch: number;
}

/** One system on one case. All times in milliseconds. */
export interface StepTimes {
  /** From issuing a step until its loss is known, one entry per step; the first step is not among them. */
  readonly ms: number[];
  /** JavaScript time of the call that issues a step, likewise. */
  readonly issueMs: number[];
  /** Losses of all steps, the first included. */
  readonly losses: number[];
  /** From nothing to the first loss: allocation, compilation, upload, step. */
  readonly firstStepMs: number;
  readonly dispatches: number;
  readonly submits: number;
  /** Bytes of GPU memory held while training; undefined where the system does not tell. */
  readonly gpuBytes: number | undefined;
}

/** A system set up for one case, ready to take steps. */
export interface Contestant {
  step(): Promise<{ loss: number; ms: number; issueMs: number }>;
  /** Milliseconds of so many steps (at most `MOST_STREAMED`) submitted at once, where the system can do that. */
  readonly stream?: (count: number) => Promise<number>;
  readonly firstStepMs: number;
  readonly firstLoss: number;
  gpuBytes(): number | undefined;
  dispose(): void;
}

/** Floating-point operations of a training step. */
export function stepFlops(width: number, batch: number): number {
  return batch * trainingFlops(resnet18({ width, stemPadding: 1, classes: 10 }));
}

/** Adam as the comparison has agreed on: PyTorch's defaults, no decay. */
export const ADAM = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999 } as const;
const MOST_STEPS = 8192;

/** What NormLab trains in a case: Adam is AdamW without decay. */
export function benchRun({ width, batch, norm, ws }: BenchCase): TunedRun {
  const network = resnet18({ width, stemPadding: 1, classes: 10 });
  return { network, norm, ws, batchSize: batch, optimizer: 'adamw' };
}

/** NormLab's recorded engine on one case, with its first step done. */
export async function normLabContestant(
  context: GpuContext,
  benchCase: BenchCase,
  options: Pick<ReplayOptions, 'tunings'> = {},
): Promise<Contestant> {
  countGpuCalls();
  const run = benchRun(benchCase);
  const { weights, images, labels } = startingPoint(run.network, run.norm, run.batchSize);
  const begun = performance.now();
  const engine = await createReplayEngine(
    context,
    { ...run, weightDecay: 0, augmentation: 'none', seed: 0, dataset: NO_DATA },
    { ...options, fixedBatch: { images, labels }, beta2: ADAM.beta2 },
  );
  await engine.initialize(weights);
  engine.setSchedule({
    learningRate: new Float64Array(MOST_STEPS).fill(ADAM.learningRate),
    momentum: new Float64Array(MOST_STEPS).fill(ADAM.beta1),
  });
  const [firstLoss] = (await engine.advance(1)).losses;
  const firstStepMs = performance.now() - begun;
  return {
    firstStepMs,
    firstLoss: firstLoss!,
    async step() {
      const issued = performance.now();
      const result = engine.advance(1);
      const issueMs = performance.now() - issued;
      const { losses } = await result;
      return { loss: losses[0]!, ms: performance.now() - issued, issueMs };
    },
    stream: async (count) => {
      const issued = performance.now();
      await engine.advance(count);
      return performance.now() - issued;
    },
    gpuBytes: () => engine.memory().gpuBytes,
    dispose: () => engine.dispose(),
  };
}

/**
 * An image to train on, which a fixed batch leaves unread, and a whole batch to evaluate: what that needs is allocated and
 * compiled with the step, as in the app.
 */
const NO_DATA: Dataset = {
  info: {
    id: 'none',
    title: 'None',
    classNames: [],
    trainCount: 1,
    validCount: EVALUATION_BATCH,
    mean: [0, 0, 0],
    deviation: [1, 1, 1],
    hash: '',
    trainHistogram: [],
    notes: [],
  },
  train: { count: 1, images: new Uint8Array(3072), labels: new Uint8Array(1) },
  valid: {
    count: EVALUATION_BATCH,
    images: new Uint8Array(3072 * EVALUATION_BATCH),
    labels: new Uint8Array(EVALUATION_BATCH),
  },
};

/**
 * Times contestants in turn, one step each per round, so that whatever else the machine does falls on all
 * of them alike and ratios stay meaningful. Stops after `steps` rounds, or after `budgetMs` once every
 * contestant has two steps, or when `proceed`, which is told the rounds done, says no.
 */
export async function timeInTurn(
  contestants: readonly Contestant[],
  {
    steps,
    budgetMs,
    proceed = () => true,
  }: { steps: number; budgetMs: number; proceed?: (done: number) => boolean },
): Promise<StepTimes[]> {
  const times = contestants.map(({ firstStepMs, firstLoss }) => ({
    ms: [] as number[],
    issueMs: [] as number[],
    losses: [firstLoss],
    firstStepMs,
    dispatches: 0,
    submits: 0,
  }));
  const begun = performance.now();
  for (let round = 0; round < steps; round++) {
    if (round >= 2 && performance.now() - begun > budgetMs) break;
    if (!proceed(round)) break;
    for (const [i, contestant] of contestants.entries()) {
      const before = gpuCalls();
      const { loss, ms, issueMs } = await contestant.step();
      const after = gpuCalls();
      const row = times[i]!;
      row.ms.push(ms);
      row.issueMs.push(issueMs);
      row.losses.push(loss);
      row.dispatches = after.dispatches - before.dispatches;
      row.submits = after.submits - before.submits;
    }
  }
  return times.map((row, i) => ({ ...row, gpuBytes: contestants[i]!.gpuBytes() }));
}

/** Steps that a submission of `Contestant.stream` may hold. */
const MOST_STREAMED = 128;
/** A submission is about so long, milliseconds: the wait for its end is then a small part of it. */
const STREAM_MS = 200;
const STREAM_ROUNDS = 5;

/**
 * Times steps as training submits them where they are short: several at once. What each of them waits for on its own,
 * the answer of the queue and the way back of its loss, would otherwise count as its time.
 *
 * @param stepMs of each contestant, on its own.
 * @returns milliseconds per step, an entry per round; undefined for all where a step is too long to be worth it.
 */
export async function streamInTurn(
  contestants: readonly Contestant[],
  stepMs: readonly number[],
  proceed: () => void,
): Promise<readonly number[][] | undefined> {
  const counts = stepMs.map((ms) => Math.min(MOST_STREAMED, Math.floor(STREAM_MS / ms)));
  const streams = contestants.map(({ stream }) => stream);
  if (counts.length === 0 || counts.some((count) => count < 2)) return undefined;
  const times: number[][] = contestants.map(() => []);
  // The first round shows what a submission takes; it is not counted.
  for (let round = 0; round <= STREAM_ROUNDS; round++) {
    for (const [i, stream] of streams.entries()) {
      proceed();
      if (!stream) return undefined;
      const ms = (await stream(counts[i]!)) / counts[i]!;
      if (round === 0) counts[i] = Math.max(2, Math.min(MOST_STREAMED, Math.floor(STREAM_MS / ms)));
      else times[i]!.push(ms);
    }
  }
  return times;
}
