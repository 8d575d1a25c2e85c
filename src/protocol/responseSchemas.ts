import * as v from 'valibot';
import { countSchema as count } from '#domain/runSchema.ts';
import { keptRunSchema, runIdSchema } from '#domain/keptRunSchema.ts';
import { finderResultSchema, runStatusSchema, stepChunkSchema } from '#domain/runSchema.ts';
import type { DeviceInfo, RequestName, Requests, SampleImages } from './messages.ts';
import { benchmarkArm, benchmarkSystem, bytes, nothing } from './schemas.ts';

const datasetInfo = v.object({
  id: v.string(),
  title: v.string(),
  classNames: v.array(v.string()),
  trainCount: count,
  validCount: count,
  mean: v.tuple([v.number(), v.number(), v.number()]),
  deviation: v.tuple([v.number(), v.number(), v.number()]),
  hash: v.string(),
  trainHistogram: v.array(count),
  notes: v.array(v.string()),
  source: v.exactOptional(v.string()),
  licence: v.exactOptional(v.string()),
});

const deviceInfo: v.GenericSchema<unknown, DeviceInfo> = v.object({
  backend: v.picklist(['webgpu', 'webgl']),
  title: v.string(),
  vendor: v.string(),
  architecture: v.string(),
  isFallback: v.boolean(),
  features: v.array(v.string()),
  maxBufferBytes: v.number(),
  reason: v.exactOptional(v.string()),
});

const sampleImages = v.object({
  width: count,
  height: count,
  pixels: v.custom<SampleImages['pixels']>((value) => value instanceof Uint8ClampedArray),
  labels: v.array(count),
});

/** What the browser says of its storage, as far as it does. */
const storageEstimate = {
  usage: v.union([count, v.undefined_()]),
  quota: v.union([count, v.undefined_()]),
  isPersistent: v.union([v.boolean(), v.undefined_()]),
};

const keptData = v.object({
  datasets: v.array(v.object({ info: datasetInfo, savedAt: v.number(), byteLength: count })),
  usage: v.object({
    datasetBytes: count,
    ...storageEstimate,
  }),
  download: v.object({ done: count, total: count }),
});

const channels = v.tuple([v.number(), v.number(), v.number()]);
const halfStatistics = v.object({ histogram: v.array(count), mean: channels, deviation: channels });

const benchmarkReport = v.object({
  adapter: v.string(),
  width: count,
  batch: count,
  rows: v.array(
    v.object({
      ...benchmarkArm.entries,
      system: benchmarkSystem,
      ms: v.number(),
      streamMs: v.exactOptional(v.number()),
      imagesPerSecond: v.number(),
      gflops: v.number(),
      issueMs: v.number(),
      firstStepMs: v.number(),
      dispatches: count,
      submits: count,
      gpuBytes: v.exactOptional(count),
      stepCount: count,
      overPlain: v.exactOptional(v.number()),
    }),
  ),
  tuningMs: v.exactOptional(v.number()),
});

export const responseBodies = {
  start: deviceInfo,
  loadDataset: datasetInfo,
  cancelLoading: nothing,
  keptData,
  removeData: keptData,
  discardDownload: keptData,
  datasetStatistics: v.object({ train: halfStatistics, valid: halfStatistics }),
  sampleImages,
  augmentedImages: sampleImages,
  train: v.object({ status: runStatusSchema }),
  resumeKept: v.object({ status: runStatusSchema }),
  race: v.object({ statuses: v.array(runStatusSchema) }),
  resumeRace: v.object({ statuses: v.array(runStatusSchema) }),
  findLearningRate: finderResultSchema,
  keptRuns: v.object({ runs: v.array(keptRunSchema) }),
  keptStorage: v.object({
    runBytes: count,
    ...storageEstimate,
    problems: v.array(v.object({ runId: v.string(), sentence: v.string() })),
  }),
  keptSteps: stepChunkSchema,
  describeRun: nothing,
  removeRun: nothing,
  importRuns: v.object({ added: v.array(runIdSchema), skipped: v.array(runIdSchema) }),
  weights: v.object({ bytes }),
  pytorchBundle: v.object({ bytes }),
  checkpointSteps: v.object({ steps: v.array(count) }),
  checkpoint: v.object({ bytes: v.union([bytes, v.undefined_()]) }),
  importCheckpoint: v.object({ runId: runIdSchema, step: count }),
  pause: nothing,
  resume: nothing,
  step: nothing,
  stop: nothing,
  pageHidden: nothing,
  saveState: nothing,
  benchmark: benchmarkReport,
  skipBenchmark: nothing,
  memory: v.object({ gpuBytes: count, objects: count }),
} satisfies { [Name in RequestName]: v.GenericSchema<unknown, Requests[Name]['response']> };
