import type { FinderRecord, RunRecord } from '#client/runRecord.ts';
import type { KeptRun } from '#domain/keptRun.ts';
import { isOver } from '#domain/run.ts';
import { ownSteps, type ExportedRun } from '#export/exportedRun.ts';
import { stepTimeOf } from '#ui/runSpeed.ts';

/** A run as it is kept. One that is going reads as interrupted, as it would if the page closed now. */
export function keptRunOf(run: RunRecord): KeptRun {
  const stepTime = stepTimeOf(run);
  return {
    header: {
      runId: run.id,
      number: run.number,
      experiment: run.experiment,
      origin: run.origin,
      kind: run.kind,
      finder: run.kind === 'finder' ? run.settings : undefined,
      forkOf: run.forkOf,
      startedAt: run.startedAt,
      dataset: { title: run.datasetTitle, hash: run.datasetHash },
      device: { title: run.deviceTitle, backend: run.backend },
      version: run.version,
      ...(run.rateReason !== undefined && { rateReason: run.rateReason }),
      ...(run.options && { options: run.options }),
      ...(run.givenWeights !== undefined && { givenWeights: run.givenWeights }),
    },
    notes: run.notes,
    status: isOver(run.status) ? run.status : 'interrupted',
    detail: run.detail,
    ...(run.endedBy && { endedBy: run.endedBy }),
    plan: run.plan,
    epochs: run.kind === 'train' ? run.epochs : [],
    ...(run.kind === 'train' && run.probes && { probes: run.probes }),
    ...(run.hidden && { hidden: run.hidden }),
    divergence: run.kind === 'train' ? run.divergence : undefined,
    layers: run.layers,
    result: run.kind === 'finder' ? run.result : undefined,
    ...(run.kind === 'train' && run.paired.length > 0 && { paired: run.paired }),
    ...(stepTime && { stepTime }),
    stepCount: Math.max(0, run.metrics.count - (run.forkOf?.step ?? 0)),
    checkpointStep: run.checkpointStep,
  };
}

/** A run with its steps, which must be loaded; copies, so that a going run does not change the file. */
export function exportedRunOf(run: RunRecord): ExportedRun {
  const series = (name: Parameters<RunRecord['metrics']['series']>[0]): Float32Array =>
    run.metrics.series(name).slice();
  const steps = {
    firstStep: 0,
    losses: series('losses'),
    smoothed: series('smoothed'),
    learningRates: series('learningRates'),
    momenta: series('momenta'),
    elapsedMs: series('elapsedMs'),
    wallMs: series('wallMs'),
  };
  return { run: keptRunOf(run), steps: ownSteps(steps, run.forkOf) };
}

/** Finders of the studies that some training runs are of; the studies of one question count as one. */
export function findersOfStudies(
  all: readonly RunRecord[],
  runs: readonly RunRecord[],
): readonly FinderRecord[] {
  const keysOf = ({ origin }: RunRecord): readonly string[] =>
    origin
      ? [origin.studyId, ...(origin.question ? [`${origin.question.id}.${origin.question.size}`] : [])]
      : [];
  const studies = new Set(runs.flatMap(keysOf));
  return all.filter(
    (run): run is FinderRecord => run.kind === 'finder' && keysOf(run).some((key) => studies.has(key)),
  );
}
