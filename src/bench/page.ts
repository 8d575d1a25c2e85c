import { requestGpu, type GpuContext } from '#gpu/device.ts';
import { compareSystems, type CompareOptions, type Comparison } from './compare.ts';
import { openSoak, type Soak } from './soak.ts';
import { normLabContestant, timeInTurn, type BenchCase } from './stepBenchmark.ts';

/** What the comparison of systems asks of every entrant's page. */
interface BenchOptions extends BenchCase {
  readonly steps: number;
  readonly budgetMs?: number;
}

declare global {
  var bench: (options: BenchOptions) => Promise<{
    ms: number[];
    losses: number[];
    issueMs: number[];
    dispatches: number;
  }>;
  var compare: (options: CompareOptions) => Promise<Comparison>;
  var openSoak: (benchCase: BenchCase) => Promise<Soak>;
}

let context: Promise<GpuContext> | undefined;

globalThis.bench = async ({ steps, budgetMs = Infinity, ...benchCase }) => {
  context ??= requestGpu();
  const contestant = await normLabContestant(await context, benchCase);
  try {
    const [row] = await timeInTurn([contestant], { steps: steps - 1, budgetMs });
    // The first step counts as one of them here; the driver leaves it out of its medians.
    return {
      ms: [row!.firstStepMs, ...row!.ms],
      issueMs: [row!.firstStepMs, ...row!.issueMs],
      losses: row!.losses,
      dispatches: row!.dispatches,
    };
  } finally {
    contestant.dispose();
  }
};

globalThis.compare = async (options) => {
  context ??= requestGpu();
  return compareSystems(await context, options);
};

globalThis.openSoak = openSoak;
