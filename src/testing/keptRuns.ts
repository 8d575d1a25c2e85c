import type { Checkpoint, TensorMap } from '#domain/checkpoint.ts';
import type { KeptRun, RunHeader } from '#domain/keptRun.ts';
import type { LayerHistory } from '#domain/layerHistory.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import type { StepChunk } from '#domain/run.ts';

export function sampleHeader(overrides: Partial<RunHeader> = {}): RunHeader {
  return {
    runId: 'run-a',
    number: 1,
    experiment: defaultExperiment(),
    origin: { studyId: 'study-1', studyTitle: 'BN and GN', arm: 0, mode: 'race', question: undefined },
    kind: 'train',
    finder: undefined,
    forkOf: undefined,
    startedAt: 1_790_000_000_000,
    dataset: { title: 'CIFAR-10', hash: 'ab'.repeat(32) },
    device: { title: 'Some GPU', backend: 'webgpu' },
    version: '0.1.0',
    ...overrides,
  };
}

/** Steps whose every number tells which step it is of; the last loss of a chunk is NaN where asked. */
export function sampleSteps(firstStep: number, count: number, lastLoss?: number): StepChunk {
  const column = (offset: number): Float32Array =>
    Float32Array.from({ length: count }, (_, i) => firstStep + i + offset);
  const losses = column(0.1);
  if (lastLoss !== undefined) losses[count - 1] = lastLoss;
  return {
    firstStep,
    losses,
    smoothed: column(0.2),
    learningRates: column(0.3),
    momenta: column(0.4),
    elapsedMs: column(0.5),
    wallMs: column(0.6),
  };
}

/** Two convolutions, sampled twice; no normalization, so the deviations are NaN. */
export function sampleLayers(): LayerHistory {
  return {
    steps: [8, 16],
    layers: ['conv1', 'layer1.0.conv1'],
    gradientNorm: Float32Array.of(0.1, 2, 3, 4),
    relativeUpdate: Float32Array.of(1e-3, 1e-4, 1e-3, 2e-4),
    largestActivation: Float32Array.of(5, 6, Number.POSITIVE_INFINITY, 8),
    smallestDeviation: new Float32Array(4).fill(Number.NaN),
  };
}

/** A run with something in every field. */
export function sampleRun(overrides: Partial<KeptRun> = {}): KeptRun {
  const header = sampleHeader({ givenWeights: 'pytorch.safetensors' });
  return {
    header,
    notes: { name: 'A <b>name</b>', tags: ['tag'], note: 'Line\nline' },
    status: 'diverged',
    detail: 'The loss is not a number.',
    plan: {
      experiment: header.experiment,
      totalSteps: 40,
      stepsPerEpoch: 20,
      trainCount: 1280,
      validCount: 100,
      initialWeightsHash: '0123abcd',
      orderHash: 'abcd0123',
    },
    epochs: [
      {
        epoch: 0,
        step: 20,
        trainLoss: 2.1,
        validLoss: 2.2,
        standardError: 0.01,
        accuracy: 0.2,
        milliseconds: 900,
      },
      { epoch: 1, step: 40, trainLoss: 1.9, validLoss: Number.NaN, accuracy: 0.1, milliseconds: 800 },
    ],
    divergence: {
      step: 39,
      loss: Number.POSITIVE_INFINITY,
      learningRate: 5e-4,
      reason: 'not-finite',
    },
    layers: sampleLayers(),
    result: undefined,
    paired: [
      { epoch: 0, baselineRunId: 'run-b', runId: 'run-a', mean: -0.01, standardError: 0.004 },
      { epoch: 1, baselineRunId: 'run-b', runId: 'run-a', mean: Number.NaN, standardError: Number.NaN },
    ],
    stepTime: { steps: 38, milliseconds: 399 },
    stepCount: 40,
    checkpointStep: undefined,
    ...overrides,
  };
}

/** A checkpoint of a made-up network; its numbers follow from `step`, and hold every kind of float32. */
export function sampleCheckpoint(step: number, runId = 'run-a'): Checkpoint {
  const tensor = (length: number, key: number): Float32Array =>
    Float32Array.from({ length }, (_, i) => Math.sin(step * 31 + key * 7 + i));
  const map = (key: number): TensorMap =>
    new Map([
      ['conv1.weight', tensor(27, key)],
      ['fc.bias', tensor(3, key + 1)],
    ]);
  const special = Float32Array.of(-0, Number.NaN, Number.NEGATIVE_INFINITY, 1e-45, 3.4e38);
  return {
    runId,
    step,
    experiment: defaultExperiment(),
    datasetHash: 'ab'.repeat(32),
    device: 'Some GPU',
    version: '0.1.0',
    savedAt: 1_790_000_000_000 + step,
    elapsedMs: step * 10.5,
    epochStartedMs: 0.25,
    parameters: map(1),
    buffers: new Map([['bn1.running_mean', special]]),
    moments: [map(3), map(5)],
  };
}
