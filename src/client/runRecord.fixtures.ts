import { defaultExperiment } from '#domain/parameters.ts';
import type { EpochRow } from '#domain/run.ts';
import { NO_NOTES } from '#domain/keptRun.ts';
import { MetricBuffer } from './metricBuffer.ts';
import type { FinderRecord, TrainRecord } from './runRecord.ts';

/* Runs as tests need them; no part of the app. */

/** A buffer with these losses; every other series repeats them unless it is given. */
export function metricsOf(
  losses: ArrayLike<number>,
  other: {
    learningRates?: ArrayLike<number>;
    elapsedMs?: ArrayLike<number>;
    wallMs?: ArrayLike<number>;
  } = {},
): MetricBuffer {
  const buffer = new MetricBuffer();
  const values = Float32Array.from(losses);
  buffer.append({
    firstStep: 0,
    losses: values,
    smoothed: values,
    learningRates: Float32Array.from(other.learningRates ?? values),
    momenta: values,
    elapsedMs: Float32Array.from(other.elapsedMs ?? values),
    ...(other.wallMs && { wallMs: Float32Array.from(other.wallMs) }),
  });
  return buffer;
}

const record = {
  id: 'a',
  number: 1,
  experiment: defaultExperiment(),
  origin: undefined,
  forkOf: undefined,
  startedAt: 0,
  notes: NO_NOTES,
  datasetTitle: 'Built-in',
  datasetHash: '00',
  deviceTitle: 'Test GPU',
  backend: 'webgpu',
  version: '0.1.0',
  layers: undefined,
  checkpointStep: undefined,
  notKept: undefined,
  stepCount: 0,
  stepsLoaded: 'live',
  status: 'running',
  detail: undefined,
  endedBy: undefined,
  asked: undefined,
} as const;

/** A training run with 100 steps an epoch. */
export function trainRun(change: Partial<TrainRecord> = {}): TrainRecord {
  const experiment = change.experiment ?? record.experiment;
  return {
    ...record,
    kind: 'train',
    plan: {
      experiment,
      totalSteps: 100 * experiment.epochs,
      stepsPerEpoch: 100,
      trainCount: 100 * experiment.batchSize,
      validCount: 10,
      initialWeightsHash: '',
      orderHash: '',
    },
    metrics: new MetricBuffer(),
    stepCount: change.metrics?.count ?? 0,
    epochs: [],
    validating: undefined,
    divergence: undefined,
    paired: [],
    ...change,
  };
}

export function finderRun(change: Partial<FinderRecord> = {}): FinderRecord {
  return {
    ...record,
    kind: 'finder',
    plan: undefined,
    metrics: new MetricBuffer(),
    stepCount: change.metrics?.count ?? 0,
    settings: { start: 1e-7, end: 10, steps: 100 },
    result: undefined,
    ...change,
  };
}

export function epochRow(epoch: number, change: Partial<EpochRow> = {}): EpochRow {
  return {
    epoch,
    step: 100 * (epoch + 1),
    trainLoss: 1,
    validLoss: 1,
    accuracy: 0.5,
    milliseconds: 3_000,
    ...change,
  };
}
