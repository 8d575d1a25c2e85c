import { Tuner } from '#engine/replay/tuner.ts';
import { requestGpu, type GpuContext } from '#gpu/device.ts';
import { compareSystems, type CompareOptions, type Comparison } from './compare.ts';
import { openSoak, type Soak } from './soak.ts';
import { benchRun, normLabContestant, timeInTurn, type BenchCase } from './stepBenchmark.ts';

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
    /** What the choice of tiles and tunings took before the first step. */
    tuningMs: number;
  }>;
  var compare: (options: CompareOptions) => Promise<Comparison>;
  var openSoak: (benchCase: BenchCase) => Promise<Soak>;
}

/** The device, and the tiles and tunings that training would choose on it. */
let opened: Promise<{ readonly context: GpuContext; readonly tuner: Tuner }> | undefined;

function open(): NonNullable<typeof opened> {
  opened ??= requestGpu().then((context) => ({ context, tuner: new Tuner(context) }));
  return opened;
}

globalThis.bench = async ({ steps, budgetMs = Infinity, ...benchCase }) => {
  const { context, tuner } = await open();
  const begun = performance.now();
  const tunings = await tuner.choose(benchRun(benchCase));
  const tuningMs = performance.now() - begun;
  const contestant = await normLabContestant(context, benchCase, { tunings });
  try {
    const [row] = await timeInTurn([contestant], { steps: steps - 1, budgetMs });
    // The first step counts as one of them here; the driver leaves it out of its medians.
    return {
      ms: [row!.firstStepMs, ...row!.ms],
      issueMs: [row!.firstStepMs, ...row!.issueMs],
      losses: row!.losses,
      dispatches: row!.dispatches,
      tuningMs,
    };
  } finally {
    contestant.dispose();
  }
};

globalThis.compare = async (options) => {
  const { context, tuner } = await open();
  return compareSystems(context, options, { choose: (run) => tuner.choose(run) });
};

globalThis.openSoak = openSoak;
