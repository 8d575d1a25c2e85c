import * as v from 'valibot';
import type { Experiment } from './experiment.ts';
import type { LayerHistory } from './layerHistory.ts';
import { validateExperiment } from './parameters.ts';
import type {
  Divergence,
  EpochRow,
  FinderResult,
  FinderSettings,
  HiddenSpan,
  ProbeRow,
  RunPlan,
  RunStatus,
  StepChunk,
} from './run.ts';
import { stopKinds, stopValueProblem } from './runOptions.ts';
import type { RunEnder, RunOptions, StopKind } from './runOptions.ts';
import type { StepTime } from './stepTime.ts';

/**
 * Checks of what a run says, wherever it comes from: a message, a kept log or a file. All objects are strict, so
 * that only known keys are copied. Numbers that may be NaN or infinite are also taken as the words that
 * `toJsonValue` makes of them, and lists of numbers as float32 arrays or as JSON's arrays.
 */
export type Schema<Output> = v.GenericSchema<unknown, Output>;

/** Ramps longer than this are a typing error; the finder's default is 100 steps. */
export const MAX_FINDER_STEPS = 100_000;
/** More steps than the longest run that the parameters allow, and far more than anyone waits for. */
export const MAX_STEPS = 2 ** 31;

/** A value that may be left out of JSON; the key is there in either case. */
export function maybe<Output>(schema: Schema<Output>): Schema<Output | undefined> {
  return v.optional(schema, () => undefined);
}

export const countSchema: Schema<number> = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
export const stepSchema: Schema<number> = v.pipe(countSchema, v.maxValue(MAX_STEPS));
export const finiteSchema: Schema<number> = v.pipe(v.number(), v.finite());
/** Milliseconds since 1970. */
export const timeSchema: Schema<number> = v.pipe(finiteSchema, v.minValue(0), v.maxValue(8.64e15));
export const durationSchema: Schema<number> = v.pipe(finiteSchema, v.minValue(0));

/** Text of at most so many characters. */
export function textSchema(limit: number): Schema<string> {
  return v.pipe(v.string(), v.maxLength(limit));
}

const NOT_FINITE: ReadonlyMap<unknown, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);

/** Any number, NaN and the infinities included, also as `toJsonValue` writes them. */
export const anyNumberSchema: Schema<number> = v.pipe(
  v.unknown(),
  v.rawTransform(({ dataset, addIssue, NEVER }): number => {
    const value = NOT_FINITE.get(dataset.value) ?? dataset.value;
    if (typeof value === 'number') return value;
    addIssue({ message: 'must be a number, "NaN", "Infinity" or "-Infinity"' });
    return NEVER;
  }),
);

export const float32Schema: Schema<Float32Array<ArrayBuffer>> = v.pipe(
  v.unknown(),
  v.rawTransform(({ dataset, addIssue, NEVER }): Float32Array<ArrayBuffer> => {
    const { value } = dataset;
    if (value instanceof Float32Array) return value as Float32Array<ArrayBuffer>;
    if (Array.isArray(value)) {
      const numbers = value.map((item) => NOT_FINITE.get(item) ?? (item as unknown));
      if (numbers.every((item) => typeof item === 'number')) return Float32Array.from(numbers);
    }
    addIssue({ message: 'must be a list of numbers' });
    return NEVER;
  }),
);

export const experimentSchema: Schema<Experiment> = v.pipe(
  v.unknown(),
  v.rawTransform(({ dataset, addIssue, NEVER }): Experiment => {
    const checked = validateExperiment(dataset.value);
    if (checked.ok) return checked.experiment;
    addIssue({ message: Object.values(checked.errors).join(' ') });
    return NEVER;
  }),
);

export const runStatusSchema: Schema<RunStatus> = v.picklist([
  'preparing',
  'running',
  'paused',
  'finished',
  'stopped',
  'diverged',
  'interrupted',
  'failed',
]);

const positive = v.pipe(finiteSchema, v.minValue(Number.MIN_VALUE));

export const finderSettingsSchema: Schema<FinderSettings> = v.pipe(
  v.strictObject({
    start: positive,
    end: positive,
    steps: v.pipe(countSchema, v.minValue(2), v.maxValue(MAX_FINDER_STEPS)),
  }),
  v.check(
    ({ start, end }) => start < end,
    'The finder must start below the learning rate that it ends with.',
  ),
);

export const finderResultSchema: Schema<FinderResult> = v.strictObject({
  stoppedAt: stepSchema,
  reason: v.picklist(['completed', 'loss-exploded', 'not-finite', 'stopped']),
  suggestions: v.pipe(
    v.array(
      v.strictObject({
        rule: v.picklist(['valley', 'steep', 'minimum', 'slide', 'v1']),
        learningRate: maybe(positive),
        index: maybe(stepSchema),
        note: v.exactOptional(textSchema(1000)),
      }),
    ),
    v.maxLength(20),
  ),
  disagree: v.boolean(),
});

export const runPlanSchema: Schema<RunPlan> = v.strictObject({
  experiment: experimentSchema,
  totalSteps: stepSchema,
  stepsPerEpoch: stepSchema,
  trainCount: countSchema,
  validCount: countSchema,
  initialWeightsHash: textSchema(128),
  orderHash: textSchema(128),
  tilesHash: v.exactOptional(textSchema(128)),
});

export const epochRowSchema: Schema<EpochRow> = v.strictObject({
  epoch: stepSchema,
  step: stepSchema,
  trainLoss: anyNumberSchema,
  validLoss: anyNumberSchema,
  standardError: v.exactOptional(anyNumberSchema),
  accuracy: anyNumberSchema,
  milliseconds: durationSchema,
});

export const probeRowSchema: Schema<ProbeRow> = v.strictObject({
  step: stepSchema,
  count: countSchema,
  validLoss: anyNumberSchema,
  standardError: v.exactOptional(anyNumberSchema),
  accuracy: anyNumberSchema,
});

export const hiddenSpanSchema: Schema<HiddenSpan> = v.strictObject({
  fromMs: durationSchema,
  toMs: durationSchema,
});

export const runOptionsSchema: Schema<RunOptions> = v.strictObject({
  stopRule: v.exactOptional(
    v.pipe(
      v.strictObject({
        // The keys of a record of all kinds.
        kind: v.picklist(Object.keys(stopKinds) as StopKind[]),
        value: finiteSchema,
      }),
      v.check(
        ({ kind, value }) => stopValueProblem(kind, value) === undefined,
        'A stop rule has a value that it cannot have.',
      ),
    ),
  ),
  probes: v.exactOptional(v.literal('none')),
});

export const runEnderSchema: Schema<RunEnder> = v.literal('rule');

export const divergenceSchema: Schema<Divergence> = v.strictObject({
  step: stepSchema,
  loss: anyNumberSchema,
  learningRate: anyNumberSchema,
  reason: v.picklist(['not-finite', 'above-threshold', 'gradient-exploded']),
});

export const stepTimeSchema: Schema<StepTime> = v.strictObject({
  steps: v.pipe(stepSchema, v.minValue(1)),
  milliseconds: durationSchema,
});

export const stepChunkSchema: Schema<StepChunk> = v.pipe(
  v.strictObject({
    firstStep: stepSchema,
    losses: float32Schema,
    smoothed: float32Schema,
    learningRates: float32Schema,
    momenta: float32Schema,
    elapsedMs: float32Schema,
    wallMs: v.exactOptional(float32Schema),
  }),
  v.check(
    ({ losses, smoothed, learningRates, momenta, elapsedMs, wallMs = elapsedMs }) =>
      [smoothed, learningRates, momenta, elapsedMs, wallMs].every(
        (values) => values.length === losses.length,
      ),
    'The arrays of a step chunk differ in length.',
  ),
);

export const layerHistorySchema: Schema<LayerHistory> = v.pipe(
  v.strictObject({
    steps: v.pipe(v.array(stepSchema), v.maxLength(10_000)),
    layers: v.pipe(v.array(textSchema(200)), v.maxLength(1000)),
    gradientNorm: float32Schema,
    relativeUpdate: float32Schema,
    largestActivation: float32Schema,
    smallestDeviation: float32Schema,
  }),
  v.check(
    ({ steps, layers, gradientNorm, relativeUpdate, largestActivation, smallestDeviation }) =>
      [gradientNorm, relativeUpdate, largestActivation, smallestDeviation].every(
        ({ length }) => length === steps.length * layers.length,
      ),
    'A layer history must have one value of each measure per sampled step and layer.',
  ),
);
