import * as v from 'valibot';
import type { Checkpoint, GradientMemory } from './checkpoint.ts';
import type { KeptRun, RunHeader, RunNotes, RunStart } from './keptRun.ts';
import {
  countSchema,
  divergenceSchema,
  durationSchema,
  epochRowSchema,
  experimentSchema,
  finderResultSchema,
  finderSettingsSchema,
  hiddenSpanSchema,
  layerHistorySchema,
  maybe,
  probeRowSchema,
  runEnderSchema,
  runOptionsSchema,
  runPlanSchema,
  runStatusSchema,
  anyNumberSchema,
  stepSchema,
  stepTimeSchema,
  textSchema,
  timeSchema,
  type Schema,
} from './runSchema.ts';
import type { ForkOrigin, PairedValidation } from './run.ts';
import type { RunOrigin } from './study.ts';

/** Also the name of a run's folder and of its lock, so nothing that a file system could misunderstand. */
export const runIdSchema: Schema<string> = v.pipe(v.string(), v.regex(/^[\w-]{1,100}$/));

/** SHA-256, hexadecimal. Sets that were made up for a test have none. */
const contentHash = v.pipe(v.string(), v.regex(/^(?:[0-9a-f]{64})?$/));

export const runOriginSchema: Schema<RunOrigin> = v.strictObject({
  studyId: textSchema(200),
  studyTitle: textSchema(500),
  arm: v.pipe(countSchema, v.maxValue(10_000)),
  mode: v.picklist(['queue', 'race']),
  question: maybe(v.strictObject({ id: textSchema(20), size: v.picklist(['full', 'quick']) })),
});

/** Most that a reason for a learning rate may say. */
export const RATE_REASON_LIMIT = 100;

const start = {
  runId: runIdSchema,
  number: v.pipe(countSchema, v.minValue(1)),
  experiment: experimentSchema,
  origin: maybe(runOriginSchema),
  rateReason: v.exactOptional(textSchema(RATE_REASON_LIMIT)),
  options: v.exactOptional(runOptionsSchema),
};

export const runStartSchema: Schema<RunStart> = v.strictObject(start);

export const forkOriginSchema: Schema<ForkOrigin> = v.strictObject({
  runId: runIdSchema,
  step: stepSchema,
  number: v.exactOptional(v.pipe(countSchema, v.minValue(1))),
});

export const runHeaderSchema: Schema<RunHeader> = v.pipe(
  v.strictObject({
    ...start,
    kind: v.picklist(['train', 'finder']),
    finder: maybe(finderSettingsSchema),
    forkOf: maybe(forkOriginSchema),
    startedAt: timeSchema,
    dataset: v.strictObject({ title: textSchema(500), hash: contentHash }),
    device: v.strictObject({ title: textSchema(500), backend: v.picklist(['webgpu', 'webgl']) }),
    version: textSchema(100),
    givenWeights: v.exactOptional(textSchema(500)),
  }),
  v.check(
    ({ kind, finder }) => (kind === 'finder') === (finder !== undefined),
    'Finders, and only they, have a ramp.',
  ),
);

/** Most that people may write about a run. */
export const NOTE_LIMITS = { name: 200, tag: 60, tags: 50, note: 10_000 } as const;

export const runNotesSchema: Schema<RunNotes> = v.strictObject({
  name: textSchema(NOTE_LIMITS.name),
  tags: v.pipe(v.array(textSchema(NOTE_LIMITS.tag)), v.maxLength(NOTE_LIMITS.tags)),
  note: textSchema(NOTE_LIMITS.note),
});

export const pairedValidationSchema: Schema<PairedValidation> = v.strictObject({
  epoch: stepSchema,
  baselineRunId: runIdSchema,
  runId: runIdSchema,
  mean: anyNumberSchema,
  standardError: anyNumberSchema,
});

/** A run as the worker tells the page of it, and as it stands in a file. */
export const keptRunSchema: Schema<KeptRun> = v.strictObject({
  header: runHeaderSchema,
  notes: runNotesSchema,
  status: runStatusSchema,
  detail: maybe(textSchema(4000)),
  endedBy: v.exactOptional(runEnderSchema),
  plan: maybe(runPlanSchema),
  epochs: v.pipe(v.array(epochRowSchema), v.maxLength(100_000)),
  probes: v.exactOptional(v.pipe(v.array(probeRowSchema), v.maxLength(100_000))),
  hidden: v.exactOptional(v.pipe(v.array(hiddenSpanSchema), v.maxLength(100_000))),
  divergence: maybe(divergenceSchema),
  layers: maybe(layerHistorySchema),
  result: maybe(finderResultSchema),
  paired: v.exactOptional(v.pipe(v.array(pairedValidationSchema), v.maxLength(100_000))),
  stepTime: v.exactOptional(stepTimeSchema),
  stepCount: stepSchema,
  checkpointStep: maybe(stepSchema),
  isElsewhere: v.exactOptional(v.literal(true)),
});

/** A checkpoint without its tensors: the part that is kept as JSON. */
export type CheckpointHead = Omit<Checkpoint, 'parameters' | 'buffers' | 'moments'>;

const gradientMemorySchema: Schema<GradientMemory> = v.strictObject({
  first: v.exactOptional(anyNumberSchema),
  last: v.pipe(v.array(anyNumberSchema), v.maxLength(1000)),
});

export const checkpointHeadEntries = {
  runId: runIdSchema,
  step: stepSchema,
  experiment: experimentSchema,
  datasetHash: contentHash,
  device: textSchema(500),
  version: textSchema(100),
  tilesHash: v.exactOptional(textSchema(128)),
  savedAt: timeSchema,
  elapsedMs: durationSchema,
  epochStartedMs: durationSchema,
  gradients: v.exactOptional(gradientMemorySchema),
} satisfies { readonly [Name in keyof CheckpointHead]: Schema<CheckpointHead[Name]> };
