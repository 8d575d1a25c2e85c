import * as v from 'valibot';
import { toJsonValue } from '#domain/jsonValue.ts';
import type { KeptRun, RunHeader } from '#domain/keptRun.ts';
import { pairedValidationSchema, runHeaderSchema } from '#domain/keptRunSchema.ts';
import { isOver, type RunStatus } from '#domain/run.ts';
import { enderOfOld } from '#domain/runOptions.ts';
import {
  divergenceSchema,
  epochRowSchema,
  finderResultSchema,
  hiddenSpanSchema,
  layerHistorySchema,
  maybe,
  probeRowSchema,
  runEnderSchema,
  runPlanSchema,
  runStatusSchema,
  stepSchema,
  stepTimeSchema,
  textSchema,
} from '#domain/runSchema.ts';
import { frame, readFrames } from './frames.ts';
import {
  RUN_UPGRADES,
  currentVersion,
  isRecord,
  unknownNormalization,
  upgraded,
  versionOf,
  type Upgrade,
} from './upgrades.ts';

const versionSchema = v.pipe(v.number(), v.safeInteger(), v.minValue(1));

const runEventSchema = v.variant('type', [
  /** The first of every log. */
  v.strictObject({ type: v.literal('header'), version: versionSchema, header: runHeaderSchema }),
  /** The run goes on from `step`; later events are of this version. */
  v.strictObject({ type: v.literal('reopened'), version: versionSchema, step: stepSchema }),
  v.strictObject({ type: v.literal('plan'), plan: runPlanSchema }),
  v.strictObject({ type: v.literal('epoch'), row: epochRowSchema }),
  v.strictObject({ type: v.literal('probe'), row: probeRowSchema }),
  v.strictObject({ type: v.literal('hidden'), span: hiddenSpanSchema }),
  v.strictObject({ type: v.literal('diverged'), divergence: divergenceSchema }),
  v.strictObject({ type: v.literal('layers'), layers: layerHistorySchema }),
  v.strictObject({ type: v.literal('result'), result: finderResultSchema }),
  v.strictObject({ type: v.literal('paired'), row: pairedValidationSchema }),
  /** Of all steps since the run was started or went on; the last one counts. */
  v.strictObject({ type: v.literal('step-time'), time: stepTimeSchema }),
  v.strictObject({
    type: v.literal('status'),
    status: runStatusSchema,
    detail: maybe(textSchema(4000)),
    endedBy: v.exactOptional(runEnderSchema),
  }),
]);

/** One record of a run's log. */
export type RunEvent = v.InferOutput<typeof runEventSchema>;

const VERSION = currentVersion(RUN_UPGRADES);

export function headerEvent(header: RunHeader): RunEvent {
  return { type: 'header', version: VERSION, header };
}

export function reopenedEvent(step: number): RunEvent {
  return { type: 'reopened', version: VERSION, step };
}

export function eventFrame(event: RunEvent): Uint8Array<ArrayBuffer> {
  return frame(toJsonValue(event));
}

export type LogReading =
  | {
      readonly kind: 'run';
      readonly header: RunHeader;
      readonly events: readonly RunEvent[];
      /** Bytes of the events; what follows is cut off or damaged. */
      readonly end: number;
    }
  /** Left as it is: `reason` says why, as the end of a sentence. */
  | { readonly kind: 'refused'; readonly reason: string };

/** Reads a log: every event before the first that is cut off or damaged, each as the current version has it. */
export function readLog(bytes: Uint8Array, upgrades: readonly Upgrade[] = RUN_UPGRADES): LogReading {
  const newest = currentVersion(upgrades);
  const events: RunEvent[] = [];
  let version = 0;
  let end = 0;
  let header: RunHeader | undefined;
  for (const { record, end: frameEnd } of readFrames(bytes)) {
    if (!isRecord(record)) break;
    version = versionOf(record) ?? version;
    if (version > newest) {
      return {
        kind: 'refused',
        reason: `it was saved by a newer NormLab (format ${version}; this one reads up to ${newest})`,
      };
    }
    if (version === 0) break;
    const current = upgraded(record, version, upgrades);
    const { success, output } = v.safeParse(runEventSchema, current);
    if (!success || (output.type === 'header') !== (header === undefined)) {
      const refused = header ? undefined : refusal(current);
      if (refused) return { kind: 'refused', reason: refused };
      break;
    }
    if (output.type === 'header') header = output.header;
    events.push(output);
    end = frameEnd;
  }
  return header
    ? { kind: 'run', header, events, end }
    : { kind: 'refused', reason: 'its first record is damaged' };
}

function refusal({ header }: Readonly<Record<string, unknown>>): string | undefined {
  return isRecord(header) ? unknownNormalization(header['experiment']) : undefined;
}

/** The events of a log that says all that `run` does: what `replay` takes back, but for the steps and notes. */
export function eventsOf(run: KeptRun): RunEvent[] {
  const { header, plan, epochs, divergence, layers, result, stepTime, status, detail } = run;
  const { paired = [], probes = [], hidden = [], endedBy } = run;
  return [
    headerEvent(header),
    ...(plan ? [{ type: 'plan', plan } as const] : []),
    ...epochs.map((row) => ({ type: 'epoch', row }) as const),
    ...probes.map((row) => ({ type: 'probe', row }) as const),
    ...hidden.map((span) => ({ type: 'hidden', span }) as const),
    ...(divergence ? [{ type: 'diverged', divergence } as const] : []),
    ...(layers ? [{ type: 'layers', layers } as const] : []),
    ...(result ? [{ type: 'result', result } as const] : []),
    ...paired.map((row) => ({ type: 'paired', row }) as const),
    ...(stepTime ? [{ type: 'step-time', time: stepTime } as const] : []),
    { type: 'status', status, detail, ...(endedBy && { endedBy }) },
  ];
}

type ReplayedRun = Omit<KeptRun, 'header' | 'notes' | 'stepCount' | 'checkpointStep'>;

const CLOSED = 'The page was closed or reloaded.';

/**
 * What a run had come to when its last event was written.
 * @param isOwned whether a tab is computing it: without one, a run that was going was interrupted.
 */
export function replay(events: readonly RunEvent[], isOwned: boolean): ReplayedRun {
  let run: ReplayedRun = {
    status: 'preparing',
    detail: undefined,
    plan: undefined,
    epochs: [],
    divergence: undefined,
    layers: undefined,
    result: undefined,
  };
  for (const event of events) run = after(run, event);
  return isOver(run.status) || isOwned ? run : { ...run, status: 'interrupted', detail: CLOSED };
}

function after(run: ReplayedRun, event: RunEvent): ReplayedRun {
  switch (event.type) {
    case 'header':
      return run;
    case 'reopened':
      return reopened(run, event.step);
    case 'plan':
      return { ...run, plan: event.plan };
    case 'epoch':
      return { ...run, epochs: [...run.epochs, event.row] };
    case 'probe':
      return { ...run, probes: [...(run.probes ?? []), event.row] };
    case 'hidden':
      return { ...run, hidden: [...(run.hidden ?? []), event.span] };
    case 'diverged':
      return { ...run, divergence: event.divergence };
    case 'layers':
      return { ...run, layers: event.layers };
    case 'result':
      return { ...run, result: event.result };
    case 'paired':
      return { ...run, paired: [...(run.paired ?? []), event.row] };
    case 'step-time':
      return { ...run, stepTime: event.time };
    case 'status': {
      const { endedBy: _, ...before } = run;
      const { status, detail, endedBy = enderOfOld(status, detail) } = event;
      return { ...before, status, detail, ...(endedBy && { endedBy }) };
    }
    default:
      throw new Error('There is no such event.', { cause: event satisfies never });
  }
}

/** Without what was recorded from `step` on. */
function reopened(run: ReplayedRun, step: number): ReplayedRun {
  const status: RunStatus = 'preparing';
  const epochs = run.epochs.filter((row) => row.step <= step);
  const done = new Set(epochs.map((row) => row.epoch));
  return {
    plan: run.plan,
    epochs,
    ...(run.probes && { probes: run.probes.filter((row) => row.step <= step) }),
    ...(run.hidden && { hidden: run.hidden }),
    ...(run.paired && { paired: run.paired.filter((row) => done.has(row.epoch)) }),
    ...(run.stepTime && { stepTime: run.stepTime }),
    divergence: run.divergence && run.divergence.step < step ? run.divergence : undefined,
    layers: run.layers?.steps.every((sampled) => sampled < step) ? run.layers : undefined,
    result: undefined,
    status,
    detail: undefined,
  };
}
