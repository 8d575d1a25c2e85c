import type { Experiment } from '#domain/experiment.ts';
import type { KeptRun } from '#domain/keptRun.ts';
import { defaultExperiment } from '#domain/parameters.ts';
import type { ExportedRun } from './exportedRun.ts';

/** A finished training run of four steps and two epochs. */
export function trainingRun(
  changes: {
    readonly experiment?: Partial<Experiment>;
    readonly run?: Partial<KeptRun>;
    readonly name?: string;
  } = {},
): ExportedRun {
  const experiment = { ...defaultExperiment(), epochs: 2, ...changes.experiment };
  const row = { epoch: 0, step: 2, trainLoss: 2.25, validLoss: 2.1, accuracy: 0.25, milliseconds: 61_000 };
  return {
    run: {
      header: {
        runId: 'run-1',
        number: 1,
        experiment,
        origin: {
          studyId: 's',
          studyTitle: 'A study',
          arm: 0,
          mode: 'race',
          question: { id: 'P1', size: 'quick' },
        },
        kind: 'train',
        finder: undefined,
        forkOf: undefined,
        startedAt: 1_700_000_000_000,
        dataset: { title: 'CIFAR-10', hash: 'a'.repeat(64) },
        device: { title: 'Test GPU', backend: 'webgpu' },
        version: '0.1.0',
      },
      notes: { name: changes.name ?? '', tags: ['first'], note: 'A note.' },
      status: 'finished',
      detail: undefined,
      plan: {
        experiment,
        totalSteps: 4,
        stepsPerEpoch: 2,
        trainCount: 128,
        validCount: 64,
        initialWeightsHash: '01234567',
        orderHash: '89abcdef',
      },
      epochs: [row, { ...row, epoch: 1, step: 4, validLoss: 1.5, standardError: 0.01, accuracy: 0.5 }],
      divergence: undefined,
      layers: undefined,
      result: undefined,
      stepCount: 4,
      checkpointStep: undefined,
      ...changes.run,
    },
    steps: {
      firstStep: 0,
      losses: Float32Array.of(2.3, 2.2, 2.1, 0.1),
      smoothed: Float32Array.of(2.3, 2.25, 2.2, 1.5),
      learningRates: Float32Array.of(2e-5, 3e-4, 5e-4, 1e-9),
      momenta: Float32Array.of(0.95, 0.9, 0.85, 0.95),
      elapsedMs: Float32Array.of(10, 20, 30, 40),
      wallMs: Float32Array.of(110, 120, 5130, 5140),
    },
  };
}

/** A finder that ended at a loss that was not a number, with what the recorder measured. */
export function finderRun(): ExportedRun {
  const { run } = trainingRun();
  return {
    run: {
      ...run,
      header: { ...run.header, runId: 'run-2', kind: 'finder', finder: { start: 1e-7, end: 10, steps: 100 } },
      epochs: [],
      divergence: { step: 2, loss: Number.NaN, learningRate: 0.1, reason: 'not-finite' },
      layers: {
        steps: [0],
        layers: ['conv1'],
        gradientNorm: Float32Array.of(0.1),
        relativeUpdate: Float32Array.of(1e-3),
        largestActivation: Float32Array.of(Number.POSITIVE_INFINITY),
        smallestDeviation: Float32Array.of(Number.NaN),
      },
      result: {
        stoppedAt: 2,
        reason: 'not-finite',
        suggestions: [
          { rule: 'valley', learningRate: undefined, index: undefined, note: 'Not enough points.' },
        ],
        disagree: false,
      },
      stepCount: 3,
    },
    steps: {
      firstStep: 0,
      losses: Float32Array.of(2.3, Number.NEGATIVE_INFINITY, Number.NaN),
      smoothed: Float32Array.of(2.3, Number.NEGATIVE_INFINITY, Number.NaN),
      learningRates: Float32Array.of(1e-7, 1e-6, 1e-5),
      momenta: Float32Array.of(0.9, 0.9, 0.9),
      elapsedMs: Float32Array.of(1, 2, 3),
    },
    firstBatches: [[3, 1, 2]],
  };
}
