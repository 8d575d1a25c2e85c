import { epochOrder } from '#data/order.ts';
import type { KeptRun } from '#domain/keptRun.ts';
import type { RunPlan, StepChunk } from '#domain/run.ts';
import { stepsCsv } from '#export/csv.ts';
import type { ExportedRun } from '#export/exportedRun.ts';
import { decodeRuns, encodeRuns } from '#export/runsJson.ts';

/** Batches whose images the file names, for programs that follow the run with code of their own. */
const BATCHES = 10;

/** The texts of `run.json` and `metrics.csv`. */
export function runTexts(run: KeptRun, steps: StepChunk): { readonly json: string; readonly csv: string } {
  const exported: ExportedRun = {
    run,
    steps,
    ...(run.plan && { firstBatches: firstBatches(run.plan) }),
  };
  return { json: encodeRuns([exported], Date.now()), csv: stepsCsv([exported]) };
}

/**
 * The run in a `run.json`.
 * @throws {Error} when it is no such file, or does not hold one run.
 */
export function parseRunFile(text: string): { readonly run: KeptRun; readonly steps: StepChunk } {
  const [exported, second] = decodeRuns(text);
  if (!exported || second) throw new Error('The file must hold one run.');
  return { run: exported.run, steps: exported.steps };
}

/** Training-image indices of the first batches, a list each. */
export function firstBatches({ experiment, stepsPerEpoch, totalSteps, trainCount }: RunPlan): number[][] {
  const { seed, batchSize } = experiment;
  const batches: number[][] = [];
  while (batches.length < Math.min(BATCHES, totalSteps)) {
    const epoch = Math.floor(batches.length / stepsPerEpoch);
    const order = epochOrder(seed, epoch, trainCount, batchSize);
    const at = (batches.length % stepsPerEpoch) * batchSize;
    batches.push([...order.subarray(at, at + batchSize)]);
  }
  return batches;
}
