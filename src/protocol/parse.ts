import * as v from 'valibot';
import type { Experiment } from '#domain/experiment.ts';
import { validateExperiment } from '#domain/parameters.ts';
import type {
  DeviceInfo,
  RequestMessage,
  RequestName,
  Requests,
  SampleImages,
  WireError,
  WorkerEvent,
  WorkerMessage,
} from './messages.ts';

/** A message that does not keep to `messages.ts`: page and worker are of different versions, or a defect. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** Ramps longer than this are a typing error; the finder's default is 100 steps. */
const MAX_FINDER_STEPS = 100_000;

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const seed = v.pipe(count, v.maxValue(0xffffffff));
/** SHA-256, hexadecimal. */
const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
const runId = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const nothing = v.strictObject({});
const runOnly = v.strictObject({ runId });
const half = v.picklist(['train', 'valid']);
const float32 = v.instance(Float32Array);

const experiment = v.pipe(
  v.unknown(),
  v.rawTransform(({ dataset, addIssue, NEVER }): Experiment => {
    const checked = validateExperiment(dataset.value);
    if (checked.ok) return checked.experiment;
    addIssue({ message: Object.values(checked.errors).join(' ') });
    return NEVER;
  }),
);

const positive = v.pipe(v.number(), v.finite(), v.minValue(Number.MIN_VALUE));

const finderSettings = v.pipe(
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

const benchmarkSystem = v.picklist(['NormLab', 'stock tfjs']);
const benchmarkArm = v.strictObject({ norm: v.picklist(['none', 'bn', 'gn']), ws: v.boolean() });
const benchmark = v.strictObject({
  width: v.picklist([8, 16, 32, 64]),
  batch: v.pipe(count, v.minValue(1), v.maxValue(1024)),
  arms: v.pipe(v.array(benchmarkArm), v.minLength(1), v.maxLength(6)),
  stockArms: v.pipe(v.array(benchmarkArm), v.maxLength(6)),
});

const requestBodies = {
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
  train: v.strictObject({ runId, experiment }),
  findLearningRate: v.strictObject({ runId, experiment, settings: finderSettings }),
  pause: runOnly,
  resume: runOnly,
  stop: runOnly,
  benchmark,
  skipBenchmark: v.strictObject({ part: v.picklist(['stock', 'all']) }),
  memory: nothing,
} satisfies { [Name in RequestName]: v.GenericSchema<unknown, Requests[Name]['request']> };

const status = v.picklist([
  'preparing',
  'running',
  'paused',
  'finished',
  'stopped',
  'diverged',
  'interrupted',
  'failed',
]);

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

const finderResult = v.object({
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

const sampleImages = v.object({
  width: count,
  height: count,
  pixels: v.custom<SampleImages['pixels']>((value) => value instanceof Uint8ClampedArray),
  labels: v.array(count),
});

const keptData = v.object({
  datasets: v.array(v.object({ info: datasetInfo, savedAt: v.number(), byteLength: count })),
  usage: v.object({
    datasetBytes: count,
    usage: v.union([count, v.undefined_()]),
    quota: v.union([count, v.undefined_()]),
    isPersistent: v.union([v.boolean(), v.undefined_()]),
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
      imagesPerSecond: v.number(),
      gflops: v.number(),
      issueMs: v.number(),
      firstStepMs: v.number(),
      dispatches: count,
      submits: count,
      stepCount: count,
    }),
  ),
});

const responseBodies = {
  start: deviceInfo,
  loadDataset: datasetInfo,
  cancelLoading: nothing,
  keptData,
  removeData: keptData,
  discardDownload: keptData,
  datasetStatistics: v.object({ train: halfStatistics, valid: halfStatistics }),
  sampleImages,
  augmentedImages: sampleImages,
  train: v.object({ status }),
  findLearningRate: finderResult,
  pause: nothing,
  resume: nothing,
  stop: nothing,
  benchmark: benchmarkReport,
  skipBenchmark: nothing,
  memory: v.object({ gpuBytes: count, objects: count }),
} satisfies { [Name in RequestName]: v.GenericSchema<unknown, Requests[Name]['response']> };

const runPlan = v.object({
  experiment,
  totalSteps: count,
  stepsPerEpoch: count,
  trainCount: count,
  validCount: count,
  initialWeightsHash: v.string(),
  orderHash: v.string(),
});

const stepChunk = v.pipe(
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
const anyNumber = v.custom<number>((value) => typeof value === 'number');

const epochRow = v.object({
  epoch: count,
  step: count,
  trainLoss: anyNumber,
  validLoss: anyNumber,
  accuracy: anyNumber,
  milliseconds: v.number(),
});

const divergence = v.object({
  step: count,
  loss: anyNumber,
  learningRate: v.number(),
  reason: v.picklist(['not-finite', 'above-threshold']),
});

const workerEvent: v.GenericSchema<unknown, WorkerEvent> = v.variant('type', [
  v.object({
    type: v.literal('dataset-progress'),
    stage: v.string(),
    done: count,
    total: count,
    bytesPerSecond: v.exactOptional(v.number()),
    remainingMs: v.exactOptional(v.number()),
  }),
  v.object({ type: v.literal('run-status'), runId, status, detail: v.exactOptional(v.string()) }),
  v.object({ type: v.literal('run-plan'), runId, plan: runPlan }),
  v.object({
    type: v.literal('preparing'),
    runId,
    stage: v.picklist(['measuring tiles', 'compiling kernels']),
    done: count,
    total: count,
  }),
  v.object({ type: v.literal('steps'), runId, chunk: stepChunk }),
  v.object({ type: v.literal('epoch'), runId, row: epochRow }),
  v.object({ type: v.literal('validating'), runId, done: count, total: count }),
  v.object({ type: v.literal('diverged'), runId, divergence }),
  v.object({ type: v.literal('finder-done'), runId, result: finderResult }),
  v.object({
    type: v.literal('benchmark-progress'),
    system: benchmarkSystem,
    stage: v.picklist(['first step', 'timing']),
    arms: v.array(benchmarkArm),
    done: count,
    total: count,
  }),
  v.object({ type: v.literal('device-lost'), message: v.string() }),
]);

const wireError: v.GenericSchema<unknown, WireError> = v.object({
  name: v.string(),
  sentence: v.string(),
  detail: v.exactOptional(v.string()),
  code: v.exactOptional(v.string()),
});

const requestHead = v.object({ type: v.literal('request'), id: count, name: v.string(), body: v.unknown() });

const workerMessage: v.GenericSchema<unknown, WorkerMessage> = v.union([
  v.object({ type: v.literal('response'), id: count, ok: v.literal(true), body: v.unknown() }),
  v.object({ type: v.literal('response'), id: count, ok: v.literal(false), error: wireError }),
  v.object({ type: v.literal('event'), event: workerEvent }),
]);

/**
 * Narrows a message that reached the worker.
 * @throws {ProtocolError} with the sentence of every field that is not allowed.
 */
export function parseRequest(data: unknown): RequestMessage {
  const head = check(requestHead, data, 'request');
  if (!isRequestName(head.name))
    throw new ProtocolError(`request: there is no request “${head.name.slice(0, 40)}”`);
  const body = check(requestBodies[head.name], head.body, head.name);
  // `body` was checked against the schema of `head.name`; TypeScript does not track that correlation.
  return { type: 'request', id: head.id, name: head.name, body } as RequestMessage;
}

/** The id of a message that is a request in outline, so that it can be answered even if it is refused. */
export function requestId(data: unknown): number | undefined {
  const head = v.safeParse(v.object({ type: v.literal('request'), id: count }), data);
  return head.success ? head.output.id : undefined;
}

/**
 * Narrows a message that reached the page. The body of a response is narrowed by `parseResponse`, since
 * only the page knows which request has that id.
 * @throws {ProtocolError}
 */
export function parseWorkerMessage(data: unknown): WorkerMessage {
  return check(workerMessage, data, 'worker message');
}

/**
 * Narrows the body of a response to the request `name`.
 * @throws {ProtocolError}
 */
export function parseResponse<Name extends RequestName>(
  name: Name,
  body: unknown,
): Requests[Name]['response'] {
  return check(responseBodies[name], body, `response to ${name}`);
}

function isRequestName(name: string): name is RequestName {
  return Object.hasOwn(requestBodies, name);
}

function check<Output>(schema: v.GenericSchema<unknown, Output>, data: unknown, what: string): Output {
  const result = v.safeParse(schema, data);
  if (result.success) return result.output;
  const issues = result.issues.map((issue) => {
    const path = v.getDotPath(issue);
    return path ? `${path}: ${issue.message}` : issue.message;
  });
  throw new ProtocolError(`${what}: ${issues.join('; ')}`);
}
