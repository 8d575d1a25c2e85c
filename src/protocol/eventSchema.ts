import * as v from 'valibot';
import { countSchema as count } from '#domain/runSchema.ts';
import { runIdSchema } from '#domain/keptRunSchema.ts';
import {
  anyNumberSchema,
  divergenceSchema,
  epochRowSchema,
  finderResultSchema,
  hiddenSpanSchema,
  layerHistorySchema,
  probeRowSchema,
  runEnderSchema,
  runPlanSchema,
  runStatusSchema,
  stepChunkSchema,
} from '#domain/runSchema.ts';
import type { WorkerEvent } from './messages.ts';
import { benchmarkArm, benchmarkSystem } from './schemas.ts';

export const workerEvent: v.GenericSchema<unknown, WorkerEvent> = v.variant('type', [
  v.object({
    type: v.literal('dataset-progress'),
    stage: v.string(),
    done: count,
    total: count,
    bytesPerSecond: v.exactOptional(v.number()),
    remainingMs: v.exactOptional(v.number()),
  }),
  v.object({
    type: v.literal('run-status'),
    runId: runIdSchema,
    status: runStatusSchema,
    detail: v.exactOptional(v.string()),
    endedBy: v.exactOptional(runEnderSchema),
  }),
  v.object({ type: v.literal('run-plan'), runId: runIdSchema, plan: runPlanSchema }),
  v.object({
    type: v.literal('preparing'),
    runId: runIdSchema,
    stage: v.picklist(['measuring tiles', 'compiling kernels']),
    done: count,
    total: count,
  }),
  v.object({ type: v.literal('steps'), runId: runIdSchema, chunk: stepChunkSchema }),
  v.object({ type: v.literal('epoch'), runId: runIdSchema, row: epochRowSchema }),
  v.object({ type: v.literal('probe'), runId: runIdSchema, row: probeRowSchema }),
  v.object({ type: v.literal('hidden'), runId: runIdSchema, span: hiddenSpanSchema }),
  v.object({ type: v.literal('validating'), runId: runIdSchema, done: count, total: count }),
  v.object({ type: v.literal('diverged'), runId: runIdSchema, divergence: divergenceSchema }),
  v.object({ type: v.literal('layers'), runId: runIdSchema, history: layerHistorySchema }),
  v.object({
    type: v.literal('paired-validation'),
    epoch: count,
    baselineRunId: runIdSchema,
    runId: runIdSchema,
    mean: anyNumberSchema,
    standardError: anyNumberSchema,
  }),
  v.object({ type: v.literal('continues'), runId: runIdSchema, step: count }),
  v.object({ type: v.literal('checkpoint'), runId: runIdSchema, step: count }),
  v.object({ type: v.literal('not-kept'), runId: runIdSchema, message: v.string() }),
  v.object({ type: v.literal('finder-done'), runId: runIdSchema, result: finderResultSchema }),
  v.object({
    type: v.literal('benchmark-progress'),
    system: benchmarkSystem,
    stage: v.picklist(['measuring tiles', 'first step', 'timing']),
    arms: v.array(benchmarkArm),
    done: count,
    total: count,
  }),
  v.object({ type: v.literal('device-lost'), message: v.string() }),
]);
