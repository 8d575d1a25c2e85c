import type { GpuContext } from '#gpu/device.ts';
import {
  median,
  normLabContestant,
  stepFlops,
  timeInTurn,
  type BenchArm,
  type Contestant,
  type StepTimes,
} from './stepBenchmark.ts';

export interface CompareOptions {
  readonly width: number;
  readonly batch: number;
  readonly arms: readonly BenchArm[];
  /** Timed steps of each arm. */
  readonly steps: number;
  /** NormLab's arms stop after this time, milliseconds; stock tfjs after as long again. */
  readonly budgetMs: number;
  /** Whether stock TensorFlow.js runs the same network, too. */
  readonly stock: boolean;
}

/** One line of the benchmark's table. */
export interface BenchRow extends BenchArm {
  readonly system: 'NormLab' | 'stock tfjs';
  readonly width: number;
  readonly batch: number;
  /** Median over the timed steps, milliseconds. */
  readonly ms: number;
  readonly imagesPerSecond: number;
  readonly gflops: number;
  readonly issueMs: number;
  readonly firstStepMs: number;
  readonly dispatches: number;
  readonly submits: number;
  readonly gpuBytes: number | undefined;
  readonly stepCount: number;
  readonly losses: readonly number[];
  readonly error?: string;
}

export interface Comparison {
  readonly adapter: string;
  readonly rows: readonly BenchRow[];
}

/** What a weak adapter is spared: stock tfjs needs seconds per step, so two of its steps are enough. */
const STOCK_STEPS = 2;

/** All arms of one width and batch size, timed in turn, then stock tfjs arm by arm, from the same numbers. */
export async function compareSystems(
  context: GpuContext,
  options: CompareOptions,
  startStock: () => Promise<void>,
): Promise<Comparison> {
  const { width, batch, arms, steps, budgetMs } = options;
  const { vendor, architecture, device, description } = context.adapter;
  const rows: BenchRow[] = [];
  const contestants: Contestant[] = [];
  try {
    // One after the other, so that an arm's first step is not slowed by another's compilation.
    for (const arm of arms) contestants.push(await normLabContestant(context, { width, batch, ...arm }));
    const times = await timeInTurn(contestants, { steps, budgetMs });
    times.forEach((row, i) => rows.push(toRow('NormLab', width, batch, arms[i]!, row)));
  } finally {
    for (const contestant of contestants) contestant.dispose();
  }
  if (options.stock) {
    await startStock();
    const { stockContestant } = await import('./stockContestant.ts');
    for (const arm of arms) {
      const contestant = await stockContestant({ width, batch, ...arm });
      const [row] = await timeInTurn([contestant], { steps: Math.min(steps, STOCK_STEPS), budgetMs });
      rows.push(toRow('stock tfjs', width, batch, arm, row!));
      contestant.dispose();
    }
  }
  return { adapter: [vendor, architecture, device, description].filter(Boolean).join(' '), rows };
}

function toRow(
  system: BenchRow['system'],
  width: number,
  batch: number,
  arm: BenchArm,
  times: StepTimes,
): BenchRow {
  const ms = median(times.ms);
  return {
    system,
    width,
    batch,
    ...arm,
    ms,
    imagesPerSecond: (1000 * batch) / ms,
    gflops: stepFlops(width, batch) / ms / 1e6,
    issueMs: median(times.issueMs),
    firstStepMs: times.firstStepMs,
    dispatches: times.dispatches,
    submits: times.submits,
    gpuBytes: times.gpuBytes,
    stepCount: times.ms.length,
    losses: times.losses,
  };
}
