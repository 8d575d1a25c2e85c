import { median } from '#lib/median.ts';
import { plainTwin } from '#domain/benchmark.ts';
import type {
  BenchmarkArm,
  BenchmarkOptions,
  BenchmarkProgress,
  BenchmarkReport,
  BenchmarkRow,
} from '#domain/benchmark.ts';
import type { TunedRun, Tunings } from '#engine/replay/tunings.ts';
import type { GpuContext } from '#gpu/device.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import {
  benchRun,
  normLabContestant,
  stepFlops,
  streamInTurn,
  timeInTurn,
  type Contestant,
  type StepTimes,
} from './stepBenchmark.ts';

export interface CompareOptions extends BenchmarkOptions {
  /** Timed steps of each arm. */
  readonly steps: number;
  /** NormLab's arms stop after this time, milliseconds; stock tfjs after as long again. */
  readonly budgetMs: number;
}

export interface CompareHooks {
  /** Chooses tiles and tunings as training does; without it, NormLab takes the defaults for the adapter. */
  readonly choose?: (run: TunedRun) => Promise<Tunings>;
  readonly onProgress?: (progress: BenchmarkProgress) => void;
  /** Ends the comparison before the next step, by an AbortError. */
  readonly signal?: AbortSignal;
  /** Leaves out what is not yet measured of stock tfjs, likewise. */
  readonly skipStock?: AbortSignal;
}

/** One line of the benchmark's table. */
export interface BenchRow extends BenchmarkRow {
  readonly width: number;
  readonly batch: number;
  readonly losses: readonly number[];
  /** Milliseconds of every timed step; the arms of NormLab take theirs in turn. */
  readonly times: readonly number[];
  /** Milliseconds per step of every submission of several, in turn likewise; absent where steps are long. */
  readonly streamTimes?: readonly number[];
}

export interface Comparison extends BenchmarkReport {
  readonly rows: readonly BenchRow[];
}

/** What a weak adapter is spared: stock tfjs needs seconds per step, so two of its steps are enough. */
const STOCK_STEPS = 2;

/** All arms of one width and batch size, timed in turn, then stock tfjs arm by arm, from the same numbers. */
export async function compareSystems(
  context: GpuContext,
  options: CompareOptions,
  hooks: CompareHooks = {},
): Promise<Comparison> {
  const { vendor, architecture, device, description } = context.adapter;
  const chosen = options.arms.length > 0 ? await chosenTunings(options, hooks) : undefined;
  return {
    adapter: [vendor, architecture, device, description].filter(Boolean).join(' '),
    width: options.width,
    batch: options.batch,
    rows: [
      ...(await normLabRows(context, options, chosen?.tunings, hooks)),
      ...(await stockRows(context, options, hooks)),
    ],
    ...(chosen && { tuningMs: chosen.milliseconds }),
  };
}

/** Of each arm, once and before any step: a user waits for it at the first run of a network and batch alone. */
async function chosenTunings(
  { width, batch, arms }: CompareOptions,
  { choose, onProgress, signal }: CompareHooks,
): Promise<{ readonly tunings: readonly Tunings[]; readonly milliseconds: number } | undefined> {
  if (!choose) return undefined;
  const begun = performance.now();
  const tunings: Tunings[] = [];
  for (const [done, arm] of arms.entries()) {
    signal?.throwIfAborted();
    onProgress?.({ system: 'NormLab', stage: 'measuring tiles', arms: [arm], done, total: arms.length });
    tunings.push(await choose(benchRun({ width, batch, ...arm })));
  }
  return { tunings, milliseconds: performance.now() - begun };
}

async function normLabRows(
  context: GpuContext,
  { width, batch, arms, steps, budgetMs }: CompareOptions,
  tunings: readonly Tunings[] | undefined,
  { onProgress, signal }: CompareHooks,
): Promise<BenchRow[]> {
  const contestants: Contestant[] = [];
  const report = (stage: BenchmarkProgress['stage'], told: readonly BenchmarkArm[], done: number): void => {
    signal?.throwIfAborted();
    const total = stage === 'timing' ? steps : arms.length;
    onProgress?.({ system: 'NormLab', stage, arms: told, done, total });
  };
  try {
    // One after the other, so that an arm's first step is not slowed by another's compilation.
    for (const [i, arm] of arms.entries()) {
      report('first step', [arm], i);
      const chosen = tunings?.[i];
      contestants.push(
        await normLabContestant(context, { width, batch, ...arm }, chosen ? { tunings: chosen } : {}),
      );
    }
    const times = await timeInTurn(contestants, {
      steps,
      budgetMs,
      proceed: (done) => {
        report('timing', arms, done);
        return true;
      },
    });
    const streams = await streamInTurn(
      contestants,
      times.map(({ ms }) => median(ms)),
      () => signal?.throwIfAborted(),
    );
    return withOverPlain(times.map((row, i) => toRow('NormLab', width, batch, arms[i]!, row, streams?.[i])));
  } finally {
    for (const contestant of contestants) contestant.dispose();
  }
}

async function stockRows(
  context: GpuContext,
  { width, batch, stockArms, steps, budgetMs }: CompareOptions,
  { onProgress, signal, skipStock }: CompareHooks,
): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  const isWanted = (): boolean => {
    signal?.throwIfAborted();
    return !skipStock?.aborted;
  };
  if (stockArms.length === 0 || !isWanted()) return rows;
  const total = Math.min(steps, STOCK_STEPS);
  const report = (stage: BenchmarkProgress['stage'], arm: BenchmarkArm, done: number): void =>
    onProgress?.({ system: 'stock tfjs', stage, arms: [arm], done, total });
  report('first step', stockArms[0]!, 0);
  // Here alone: who measures NormLab, or nothing at all, never downloads tfjs.
  const { useWebGpuBackend: selectWebGpu } = await import('#gpu/backend.ts');
  const { stockContestant } = await import('./stockContestant.ts');
  const backend = await selectWebGpu(context, pipelineCache(context));
  try {
    for (const arm of stockArms) {
      if (!isWanted()) break;
      report('first step', arm, 0);
      const contestant = await stockContestant({ width, batch, ...arm });
      try {
        const [times] = await timeInTurn([contestant], {
          steps: total,
          budgetMs,
          proceed: (done) => {
            report('timing', arm, done);
            return isWanted();
          },
        });
        if (times && times.ms.length > 0) rows.push(toRow('stock tfjs', width, batch, arm, times));
      } finally {
        contestant.dispose();
      }
    }
  } finally {
    backend.dispose();
  }
  return withOverPlain(rows);
}

/**
 * Rows of one system, with what WS costs. Where the twins took their steps in turn, it is the median of the ratios of
 * neighbouring steps: whatever else the machine did then fell on both.
 */
function withOverPlain(rows: readonly BenchRow[]): BenchRow[] {
  return rows.map((row) => {
    const plain = plainTwin(row, rows);
    if (!plain) return row;
    const own = row.streamTimes ?? row.times;
    const twins = plain.streamTimes ?? plain.times;
    const isInTurn = row.system === 'NormLab' && own.length === twins.length;
    const overPlain = isInTurn ? median(own.map((ms, i) => ms / twins[i]!)) : row.ms / plain.ms;
    return { ...row, overPlain };
  });
}

function toRow(
  system: BenchRow['system'],
  width: number,
  batch: number,
  arm: BenchmarkArm,
  times: StepTimes,
  streamTimes?: readonly number[],
): BenchRow {
  const ms = median(times.ms);
  const streamMs = streamTimes && median(streamTimes);
  const shownMs = streamMs ?? ms;
  return {
    system,
    width,
    batch,
    ...arm,
    ms,
    ...(streamMs !== undefined && { streamMs }),
    imagesPerSecond: (1000 * batch) / shownMs,
    gflops: stepFlops(width, batch) / shownMs / 1e6,
    issueMs: median(times.issueMs),
    firstStepMs: times.firstStepMs,
    dispatches: times.dispatches,
    submits: times.submits,
    ...(times.gpuBytes !== undefined && { gpuBytes: times.gpuBytes }),
    stepCount: times.ms.length,
    losses: times.losses,
    times: times.ms,
    ...(streamTimes && { streamTimes }),
  };
}
