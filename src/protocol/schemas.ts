import * as v from 'valibot';
import type { Experiment } from '#domain/experiment.ts';
import type { KeptRun, ForkOrigin, RunNotes, RunStart } from '#domain/keptRun.ts';
import { validateExperiment } from '#domain/parameters.ts';

// What requests, responses and events have in common.

/** Ramps longer than this are a typing error; the finder's default is 100 steps. */
const MAX_FINDER_STEPS = 100_000;

export const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const seed = v.pipe(count, v.maxValue(0xffffffff));
/** SHA-256, hexadecimal. */
export const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
export const runId = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
export const nothing = v.strictObject({});
export const runOnly = v.strictObject({ runId });
/** A whole file. */
export const bytes = v.custom<Uint8Array<ArrayBuffer>>(
  (value) => value instanceof Uint8Array && value.buffer instanceof ArrayBuffer,
);
const float32 = v.instance(Float32Array);

export const experiment = v.pipe(
  v.unknown(),
  v.rawTransform(({ dataset, addIssue, NEVER }): Experiment => {
    const checked = validateExperiment(dataset.value);
    if (checked.ok) return checked.experiment;
    addIssue({ message: Object.values(checked.errors).join(' ') });
    return NEVER;
  }),
);

const positive = v.pipe(v.number(), v.finite(), v.minValue(Number.MIN_VALUE));

export const finderSettings = v.pipe(
  v.strictObject({
    start: positive,
    end: positive,
    steps: v.pipe(v.number(), v.safeInteger(), v.minValue(2), v.maxValue(MAX_FINDER_STEPS)),
  }),
  v.check(
    ({ start, end }) => start < end,
    'The finder must start below the learning rate that it ends with.',
  ),
);

export const benchmarkSystem = v.picklist(['NormLab', 'stock tfjs']);
export const benchmarkArm = v.strictObject({ norm: v.picklist(['none', 'bn', 'gn']), ws: v.boolean() });

export const status = v.picklist([
  'preparing',
  'running',
  'paused',
  'finished',
  'stopped',
  'diverged',
  'interrupted',
  'failed',
]);

export const finderResult = v.object({
  stoppedAt: count,
  reason: v.picklist(['completed', 'loss-exploded', 'not-finite', 'stopped']),
  suggestions: v.array(
    v.object({
      rule: v.picklist(['valley', 'steep', 'minimum', 'slide', 'v1']),
      learningRate: v.union([v.number(), v.undefined_()]),
      index: v.union([count, v.undefined_()]),
      note: v.exactOptional(v.string()),
    }),
  ),
  disagree: v.boolean(),
});

export const runPlan = v.object({
  experiment,
  totalSteps: count,
  stepsPerEpoch: count,
  trainCount: count,
  validCount: count,
  initialWeightsHash: v.string(),
  orderHash: v.string(),
});

export const stepChunk = v.pipe(
  v.object({
    firstStep: count,
    losses: float32,
    smoothed: float32,
    learningRates: float32,
    momenta: float32,
    elapsedMs: float32,
  }),
  v.check(
    ({ losses, smoothed, learningRates, momenta, elapsedMs }) =>
      [smoothed, learningRates, momenta, elapsedMs].every((values) => values.length === losses.length),
    'The arrays of a step chunk differ in length.',
  ),
);

/** A number that may be NaN or infinite, which `v.number()` refuses in part. */
export const anyNumber = v.custom<number>((value) => typeof value === 'number');

export const epochRow = v.object({
  epoch: count,
  step: count,
  trainLoss: anyNumber,
  validLoss: anyNumber,
  standardError: v.exactOptional(anyNumber),
  accuracy: anyNumber,
  milliseconds: v.number(),
});

export const divergence = v.object({
  step: count,
  loss: anyNumber,
  learningRate: v.number(),
  reason: v.picklist(['not-finite', 'above-threshold']),
});

const origin = v.strictObject({
  studyId: v.string(),
  studyTitle: v.string(),
  arm: count,
  mode: v.picklist(['queue', 'race']),
  question: v.union([
    v.strictObject({ id: v.string(), size: v.picklist(['full', 'quick']) }),
    v.undefined_(),
  ]),
});

export const runStart: v.GenericSchema<unknown, RunStart> = v.strictObject({
  runId,
  number: v.pipe(count, v.minValue(1)),
  experiment,
  origin: v.union([origin, v.undefined_()]),
});

export const forkOrigin: v.GenericSchema<unknown, ForkOrigin> = v.strictObject({ runId, step: count });

export const runNotes: v.GenericSchema<unknown, RunNotes> = v.strictObject({
  name: v.string(),
  tags: v.array(v.string()),
  note: v.string(),
});

export const layerHistory = v.object({
  steps: v.array(count),
  layers: v.array(v.string()),
  gradientNorm: float32,
  relativeUpdate: float32,
  largestActivation: float32,
  smallestDeviation: float32,
});

export const keptRun = v.custom<KeptRun>((value) => typeof value === 'object' && value !== null);
