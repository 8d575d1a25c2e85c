import type { EpochRow, ProbeRow } from '#domain/run.ts';
import type { Evaluation, TrainingEngine } from '#engine/engine.ts';
import type { Progress } from './stateSaver.ts';

/** Validation images of a probe: a tenth of CIFAR-10's. */
export const PROBE_IMAGES = 1000;

/** Loss and accuracy over the first `count` validation images; undefined when a stop has cut it short. */
export async function validated(
  engine: TrainingEngine,
  count: number,
  signal: AbortSignal,
): Promise<Evaluation | undefined> {
  try {
    return await engine.evaluate('valid', count, signal);
  } catch (error) {
    if (signal.aborted && error instanceof Error && error.name === 'AbortError') return undefined;
    throw error;
  }
}

/** @param trainLoss smoothed. */
export function epochRow(
  epoch: number,
  { step, elapsedMs, epochStartedMs }: Progress,
  trainLoss: number,
  { loss, accuracy, losses }: Evaluation,
): EpochRow {
  return {
    epoch,
    step,
    trainLoss,
    validLoss: loss,
    ...(losses && { standardError: meanWithError(losses).standardError }),
    accuracy,
    milliseconds: elapsedMs - epochStartedMs,
  };
}

export function probeRow(step: number, { loss, accuracy, count, losses }: Evaluation): ProbeRow {
  return {
    step,
    count,
    validLoss: loss,
    ...(losses && { standardError: meanWithError(losses).standardError }),
    accuracy,
  };
}

/** Mean, and standard deviation / √n of it. */
export function meanWithError(values: Float32Array): { mean: number; standardError: number } {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  // One image has no spread to tell of.
  return { mean, standardError: count > 1 ? Math.sqrt(squares / (count - 1) / count) : Number.NaN };
}
