import * as v from 'valibot';
import type { RequestName, Requests, WireError, WorkerEvent } from '#protocol/messages.ts';

/*
 * What the page accepts from its worker. The types come from the protocol and the schemas must produce them,
 * so that a message that passed is what TypeScript believes it to be; nothing is cast after this module.
 */

const text = v.pipe(v.string(), v.maxLength(20_000));
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const floats = v.instance(Float32Array);
// Losses may be NaN or infinite, which `v.number()` refuses.
const number = v.custom<number>((value) => typeof value === 'number', 'expected a number');

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

const experiment = v.object({
  norm: v.picklist(['none', 'bn', 'gn']),
  ws: v.boolean(),
  batchSize: count,
  width: count,
  stemPadding: count,
  optimizer: v.picklist(['adamw', 'sgd']),
  schedule: v.picklist(['one-cycle', 'constant']),
  maxLearningRate: v.number(),
  weightDecay: v.number(),
  momentum: v.number(),
  epochs: count,
  seed: count,
  augmentation: v.picklist(['none', 'crop-flip']),
  trainLimit: count,
  validLimit: count,
});

const chunk = v.pipe(
  v.object({
    firstStep: count,
    losses: floats,
    smoothed: floats,
    learningRates: floats,
    momenta: floats,
    elapsedMs: floats,
  }),
  v.check(
    (value) =>
      [value.smoothed, value.learningRates, value.momenta, value.elapsedMs].every(
        (series) => series.length === value.losses.length,
      ),
    'series of equal length',
  ),
);

const finderResult = v.object({
  stoppedAt: count,
  reason: v.picklist(['completed', 'loss-exploded', 'not-finite', 'stopped']),
  suggestions: v.array(
    v.object({
      rule: v.picklist(['valley', 'steep', 'minimum', 'slide', 'v1']),
      learningRate: v.union([number, v.undefined()]),
      index: v.union([count, v.undefined()]),
      note: v.exactOptional(text),
    }),
  ),
  disagree: v.boolean(),
});

const event = v.variant('type', [
  v.object({ type: v.literal('dataset-progress'), stage: text, done: v.number(), total: v.number() }),
  v.object({ type: v.literal('run-status'), runId: text, status, detail: v.exactOptional(text) }),
  v.object({
    type: v.literal('run-plan'),
    runId: text,
    plan: v.object({
      experiment,
      totalSteps: count,
      stepsPerEpoch: count,
      trainCount: count,
      validCount: count,
      initialWeightsHash: text,
      orderHash: text,
    }),
  }),
  v.object({ type: v.literal('steps'), runId: text, chunk }),
  v.object({
    type: v.literal('epoch'),
    runId: text,
    row: v.object({
      epoch: count,
      step: count,
      trainLoss: number,
      validLoss: number,
      accuracy: number,
      milliseconds: v.number(),
    }),
  }),
  v.object({ type: v.literal('validating'), runId: text, done: count, total: count }),
  v.object({
    type: v.literal('diverged'),
    runId: text,
    divergence: v.object({
      step: count,
      loss: number,
      learningRate: v.number(),
      reason: v.picklist(['not-finite', 'above-threshold']),
    }),
  }),
  v.object({ type: v.literal('finder-done'), runId: text, result: finderResult }),
  v.object({ type: v.literal('device-lost'), message: text }),
]) satisfies v.GenericSchema<unknown, WorkerEvent>;

const wireError = v.object({
  name: text,
  sentence: text,
  detail: v.exactOptional(text),
}) satisfies v.GenericSchema<unknown, WireError>;

const envelope = v.union([
  v.object({ type: v.literal('response'), id: count, ok: v.literal(true), body: v.unknown() }),
  v.object({ type: v.literal('response'), id: count, ok: v.literal(false), error: wireError }),
  v.object({ type: v.literal('event'), event }),
]);

const bytes = v.custom<Uint8ClampedArray<ArrayBuffer>>(
  (value) => value instanceof Uint8ClampedArray && value.buffer instanceof ArrayBuffer,
  'bytes',
);
const triple = v.tuple([v.number(), v.number(), v.number()]);
const nothing = v.object({});

const responses: { [Name in RequestName]: v.GenericSchema<unknown, Requests[Name]['response']> } = {
  start: v.object({
    backend: v.picklist(['webgpu', 'webgl']),
    title: text,
    vendor: text,
    architecture: text,
    isFallback: v.boolean(),
    features: v.array(text),
    maxBufferBytes: v.number(),
    reason: v.exactOptional(text),
  }),
  loadDataset: v.object({
    id: text,
    title: text,
    classNames: v.array(text),
    trainCount: count,
    validCount: count,
    mean: triple,
    deviation: triple,
    hash: text,
    trainHistogram: v.array(count),
    notes: v.array(text),
  }),
  sampleImages: v.object({ width: count, height: count, pixels: bytes, labels: v.array(count) }),
  train: v.object({ status }),
  findLearningRate: finderResult,
  pause: nothing,
  resume: nothing,
  stop: nothing,
  memory: v.object({ gpuBytes: v.number(), objects: v.number() }),
};

export type ReceivedMessage = v.InferOutput<typeof envelope>;

/** A message that is not of the protocol: page and worker are of different versions, or one is broken. */
export class ProtocolError extends Error {
  override readonly name = 'ProtocolError';
}

/** @throws {ProtocolError} naming the field that is wrong. */
function parse<Output>(schema: v.GenericSchema<unknown, Output>, data: unknown): Output {
  const result = v.safeParse(schema, data);
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new ProtocolError(`${v.getDotPath(issue) ?? 'message'}: ${issue.message}`);
}

/** Narrows what the worker posted. @throws {ProtocolError} */
export function parseMessage(data: unknown): ReceivedMessage {
  return parse(envelope, data);
}

/** Narrows the body of a response. @throws {ProtocolError} */
export function parseResponse<Name extends RequestName>(
  name: Name,
  body: unknown,
): Requests[Name]['response'] {
  return parse<Requests[Name]['response']>(responses[name], body);
}
