import * as v from 'valibot';
import { toJsonValue } from '#domain/jsonValue.ts';
import type { KeptRun } from '#domain/keptRun.ts';
import { keptRunSchema } from '#domain/keptRunSchema.ts';
import { isOver } from '#domain/run.ts';
import { enderOfOld } from '#domain/runOptions.ts';
import { countSchema, maybe, stepChunkSchema, textSchema, timeSchema } from '#domain/runSchema.ts';
import { VERSION } from '#domain/version.ts';
import { ownSteps, type ExportedRun } from './exportedRun.ts';

/** What every file says it is. */
const FORMAT = 'normlab-runs';
/**
 * Of the file; docs/export.md describes it. A change of meaning takes the next number and an upgrade here. Version 1
 * gave a fork the steps before its beginning too, as NaN; files without forks are of version 1 still.
 */
const FORMAT_VERSION = 2;
/** About a hundred runs of 25,000 steps; JavaScript's own limit for a text is 537 million. */
export const MAX_FILE_LENGTH = 400e6;
const TOO_LARGE = 'The file is larger than 400 MB: export fewer runs at a time.';
const MAX_RUNS = 10_000;
const MAX_BATCHES = 100;
/** Of a damaged file; more would not help. */
const MESSAGES = 5;

/** A file that cannot be imported; the message is for people and names the field. */
export class RunsFileError extends Error {
  override readonly name = 'RunsFileError';
}

const exportedRunSchema: v.GenericSchema<unknown, ExportedRun> = v.pipe(
  v.strictObject({
    run: keptRunSchema,
    steps: stepChunkSchema,
    firstBatches: v.exactOptional(v.pipe(v.array(v.array(countSchema)), v.maxLength(MAX_BATCHES))),
  }),
  v.check(
    ({ run, steps }) => steps.firstStep === 0 || steps.firstStep === run.header.forkOf?.step,
    'The steps must start with step 0, those of a fork where it began.',
  ),
  v.check(({ run, steps }) => run.stepCount === steps.losses.length, 'stepCount is not the number of steps.'),
);

const fileSchema = v.strictObject({
  format: v.literal(FORMAT),
  formatVersion: v.picklist([1, FORMAT_VERSION]),
  app: maybe(textSchema(100)),
  exportedAt: maybe(timeSchema),
  runs: v.pipe(v.array(v.unknown()), v.maxLength(MAX_RUNS)),
});

/**
 * Runs as a JSON file. Numbers keep all bits of their float32; 'NaN', 'Infinity' and '-Infinity' stand as texts.
 * @param now milliseconds since 1970. @param limit characters of the longest file that can be read again.
 * @throws {RunsFileError} when the file would be longer.
 */
export function encodeRuns(runs: readonly ExportedRun[], now: number, limit = MAX_FILE_LENGTH): string {
  const hasForks = runs.some(({ run }) => run.header.forkOf);
  const head = {
    format: FORMAT,
    formatVersion: hasForks ? FORMAT_VERSION : 1,
    app: VERSION,
    exportedAt: now,
  };
  let length = 0;
  // One run a line: a file of many runs can be looked at, compared and cut.
  const lines = runs.map((exported) => {
    const { isElsewhere: _, ...run } = exported.run;
    // The weights of a checkpoint are no part of this file.
    const line = JSON.stringify(toJsonValue({ ...exported, run: { ...run, checkpointStep: undefined } }));
    length += line.length + 2;
    if (length > limit) throw new RunsFileError(TOO_LARGE);
    return line;
  });
  return `${JSON.stringify(head).slice(0, -1)},"runs":[\n${lines.join(',\n')}\n]}\n`;
}

/**
 * Reads a file of `encodeRuns`. A run that was going when it was written reads as interrupted.
 * @throws {RunsFileError} when it is no such file, of a newer version, damaged or too large.
 */
export function decodeRuns(text: string): readonly ExportedRun[] {
  if (text.length > MAX_FILE_LENGTH) {
    throw new RunsFileError(TOO_LARGE);
  }
  const value = parse(text);
  const version = formatVersion(value);
  if (version > FORMAT_VERSION) {
    throw new RunsFileError(
      `The file has format version ${version}, and this NormLab reads up to ${FORMAT_VERSION}: use the newer NormLab that wrote it.`,
    );
  }
  const file = checked(fileSchema, value, '');
  return file.runs.map((item, index) => {
    const exported = checked(exportedRunSchema, item, `runs[${index}].`);
    const steps = ownSteps(exported.steps, exported.run.header.forkOf);
    const { status, detail, endedBy = enderOfOld(status, detail) } = exported.run;
    const run: KeptRun = {
      ...exported.run,
      stepCount: steps.losses.length,
      status: isOver(status) ? status : 'interrupted',
      ...(endedBy && { endedBy }),
    };
    return { ...exported, run, steps };
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw Object.assign(new RunsFileError('The file is not JSON text, or it is cut.'), { cause });
  }
}

/** @throws {RunsFileError} when the value does not say that it is a file of runs. */
function formatVersion(value: unknown): number {
  const isObject = typeof value === 'object' && value !== null;
  const { format, formatVersion: version } = isObject ? (value as Record<string, unknown>) : {};
  if (format !== FORMAT || typeof version !== 'number') {
    throw new RunsFileError('The file holds no runs of NormLab (it lacks "format": "normlab-runs").');
  }
  return version;
}

function checked<Output>(schema: v.GenericSchema<unknown, Output>, value: unknown, path: string): Output {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const messages = result.issues
    .slice(0, MESSAGES)
    .map((issue) => `${path}${v.getDotPath(issue) ?? ''}: ${issue.message}`);
  throw new RunsFileError(`The file is damaged. ${messages.join(' ')}`);
}
