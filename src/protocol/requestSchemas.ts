import * as v from 'valibot';
import { countSchema as count } from '#domain/runSchema.ts';
import {
  forkOriginSchema,
  keptRunSchema,
  runIdSchema,
  runNotesSchema,
  runStartSchema,
} from '#domain/keptRunSchema.ts';
import { finderSettingsSchema, stepChunkSchema, textSchema } from '#domain/runSchema.ts';
import { RACE_LANES } from '#domain/study.ts';
import type { RequestName, Requests } from './messages.ts';
import { benchmarkArm, bytes, hash, nothing, runOnly, seed } from './schemas.ts';

const initialWeights = v.exactOptional(bytes);
const initialWeightsName = v.exactOptional(textSchema(500));
const stopAfter = v.exactOptional(v.pipe(count, v.minValue(1)));
const half = v.picklist(['train', 'valid']);

const datasetSource = v.variant('kind', [
  v.strictObject({
    kind: v.literal('built-in'),
    seed: v.exactOptional(seed),
  }),
  v.strictObject({ kind: v.literal('files'), files: v.pipe(v.array(v.file()), v.minLength(1)) }),
  v.strictObject({
    kind: v.literal('images'),
    title: v.string(),
    files: v.array(v.strictObject({ path: v.string(), file: v.file() })),
    seed: v.exactOptional(seed),
  }),
  v.strictObject({ kind: v.literal('download') }),
  v.strictObject({ kind: v.literal('stored'), hash }),
]);

const benchmark = v.strictObject({
  width: v.picklist([8, 16, 32, 64]),
  batch: v.pipe(count, v.minValue(1), v.maxValue(1024)),
  arms: v.pipe(v.array(benchmarkArm), v.minLength(1), v.maxLength(6)),
  stockArms: v.pipe(v.array(benchmarkArm), v.maxLength(6)),
});

function lanes<Schema extends v.GenericSchema>(schema: Schema) {
  return v.pipe(
    v.array(schema),
    v.minLength(RACE_LANES.least, `A race needs at least ${RACE_LANES.least} runs.`),
    v.maxLength(RACE_LANES.most, `A race has at most ${RACE_LANES.most} runs.`),
  );
}

export const requestBodies = {
  start: nothing,
  loadDataset: v.strictObject({ source: datasetSource }),
  cancelLoading: nothing,
  keptData: nothing,
  removeData: v.strictObject({ hash }),
  discardDownload: nothing,
  datasetStatistics: nothing,
  sampleImages: v.strictObject({
    half,
    offset: count,
    count: v.pipe(count, v.maxValue(10_000)),
    label: v.union([count, v.undefined_()]),
  }),
  augmentedImages: v.strictObject({
    seed,
    offset: count,
    count: v.pipe(count, v.maxValue(1000)),
    variants: v.pipe(count, v.maxValue(100)),
  }),
  train: v.strictObject({
    start: runStartSchema,
    forkOf: v.union([forkOriginSchema, v.undefined_()]),
    initialWeights,
    initialWeightsName,
    stopAfter,
  }),
  resumeKept: v.strictObject({
    runId: runIdSchema,
    takeOver: v.exactOptional(v.boolean()),
    initialWeights,
    initialWeightsName,
    stopAfter,
  }),
  race: v.strictObject({ starts: lanes(runStartSchema) }),
  resumeRace: v.strictObject({ runIds: lanes(runIdSchema) }),
  findLearningRate: v.strictObject({
    start: runStartSchema,
    settings: finderSettingsSchema,
    initialWeights,
    initialWeightsName,
  }),
  keptRuns: nothing,
  keptStorage: nothing,
  keptSteps: runOnly,
  describeRun: v.strictObject({ runId: runIdSchema, notes: runNotesSchema }),
  removeRun: runOnly,
  importRuns: v.strictObject({
    runs: v.array(v.strictObject({ run: keptRunSchema, steps: stepChunkSchema })),
  }),
  weights: v.strictObject({ runId: runIdSchema, which: v.picklist(['initial', 'last']) }),
  pytorchBundle: v.strictObject({
    runId: runIdSchema,
    which: v.picklist(['initial', 'last']),
    initialWeights,
  }),
  checkpointSteps: runOnly,
  checkpoint: runOnly,
  importCheckpoint: v.strictObject({ runId: v.exactOptional(runIdSchema), bytes }),
  pause: runOnly,
  resume: runOnly,
  step: runOnly,
  stop: runOnly,
  pageHidden: v.strictObject({ isHidden: v.boolean() }),
  saveState: runOnly,
  benchmark,
  skipBenchmark: v.strictObject({ part: v.picklist(['stock', 'all']) }),
  memory: nothing,
} satisfies { [Name in RequestName]: v.GenericSchema<unknown, Requests[Name]['request']> };
