import * as v from 'valibot';
import { NORMS } from '#domain/experiment.ts';
import { runIdSchema } from '#domain/keptRunSchema.ts';
import { countSchema } from '#domain/runSchema.ts';

// What requests, responses and events have in common, beside what domain says of runs.

export const seed = v.pipe(countSchema, v.maxValue(0xffffffff));
/** SHA-256, hexadecimal. */
export const hash = v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/));
export const nothing = v.strictObject({});
export const runOnly = v.strictObject({ runId: runIdSchema });
/** A whole file. */
export const bytes = v.custom<Uint8Array<ArrayBuffer>>(
  (value) => value instanceof Uint8Array && value.buffer instanceof ArrayBuffer,
);

export const benchmarkSystem = v.picklist(['NormLab', 'stock tfjs']);
export const benchmarkArm = v.strictObject({ norm: v.picklist(NORMS), ws: v.boolean() });
