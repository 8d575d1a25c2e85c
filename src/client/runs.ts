import { NO_NOTES } from '#domain/keptRun.ts';
import type { RunStart } from '#domain/keptRun.ts';
import type { FinderSettings, PairedValidation } from '#domain/run.ts';
import { VERSION } from '#domain/version.ts';
import type { WorkerEvent } from '#protocol/messages.ts';
import { MetricBuffer } from './metricBuffer.ts';
import { isGoing } from './runRecord.ts';
import type { FinderRecord, RunRecord, TrainRecord } from './runRecord.ts';

/** Charts redraw at most this often while steps come in. */
const METRIC_INTERVAL_MS = 250;

/** Events that tell the story of one run. */
export type RunEvent = Extract<WorkerEvent, { readonly runId: string }>;

/** What a run is started on. */
export interface RunSetting {
  readonly dataset: { readonly title: string; readonly hash: string };
  readonly deviceTitle: string;
  readonly backend: 'webgpu' | 'webgl';
}

export interface RunsState {
  /** In order of start. */
  readonly runs: readonly RunRecord[];
  /** Grows, at most four times a second, when metric buffers have changed. */
  readonly metricsVersion: number;
}

/** Every run that the page knows: records are replaced as events come in, metric buffers grow. */
export class Runs {
  readonly #changed: (state: RunsState) => void;
  readonly #highest = { train: 0, finder: 0 };
  #isAnnounced = false;
  #state: RunsState = { runs: [], metricsVersion: 0 };

  /** @param changed told of every new state. */
  constructor(changed: (state: RunsState) => void) {
    this.#changed = changed;
  }

  get state(): RunsState {
    return this.#state;
  }

  get(runId: string): RunRecord | undefined {
    return this.#state.runs.find((run) => run.id === runId);
  }

  /** Names the next run of a kind. */
  nextStart(kind: RunRecord['kind'], wanted: Omit<RunStart, 'runId' | 'number'>): RunStart {
    this.#highest[kind] += 1;
    const number = this.#highest[kind];
    // The time keeps apart what several tabs start.
    const runId = `${kind}-${number}-${Date.now().toString(36)}`;
    return { runId, number, ...wanted };
  }

  addTraining(
    start: RunStart,
    setting: RunSetting,
    forkOf: TrainRecord['forkOf'],
    givenWeights?: string,
  ): void {
    this.add([
      {
        ...newRecord(start, setting, givenWeights),
        kind: 'train',
        forkOf,
        epochs: [],
        validating: undefined,
        divergence: undefined,
        paired: [],
      },
    ]);
  }

  addFinder(start: RunStart, setting: RunSetting, settings: FinderSettings, givenWeights?: string): void {
    const record: FinderRecord = {
      ...newRecord(start, setting, givenWeights),
      kind: 'finder',
      settings,
      result: undefined,
    };
    this.add([record]);
  }

  /** Adds runs that are not known yet, and puts all in order of start. */
  add(records: readonly RunRecord[]): void {
    const added = records.filter((record) => !this.get(record.id));
    if (added.length === 0) return;
    for (const { kind, number } of added) this.#highest[kind] = Math.max(this.#highest[kind], number);
    this.#patch([...this.#state.runs, ...added].toSorted((a, b) => a.startedAt - b.startedAt));
  }

  /** Forgets runs; later messages about them are dropped. */
  drop(runIds: readonly string[]): void {
    this.#patch(this.#state.runs.filter((run) => !runIds.includes(run.id)));
  }

  receive(event: RunEvent): void {
    switch (event.type) {
      case 'run-status':
        this.change(event.runId, {
          status: event.status,
          detail: event.detail,
          endedBy: event.endedBy,
          asked: undefined,
        });
        break;
      case 'run-plan':
        this.change(event.runId, { plan: event.plan });
        break;
      case 'steps': {
        const run = this.get(event.runId);
        if (!run) break;
        run.metrics.append(event.chunk);
        this.announceMetrics();
        break;
      }
      case 'epoch':
        this.#changeTraining(event.runId, (run) => ({
          ...run,
          epochs: [...run.epochs.filter((row) => row.epoch < event.row.epoch), event.row],
          validating: undefined,
        }));
        break;
      case 'probe':
        this.#changeTraining(event.runId, (run) => ({
          ...run,
          probes: [...(run.probes ?? []).filter(({ step }) => step < event.row.step), event.row],
        }));
        break;
      case 'hidden':
        this.change(event.runId, (run) => ({ ...run, hidden: [...(run.hidden ?? []), event.span] }));
        break;
      case 'validating':
        this.changeSoon(event.runId, (run) =>
          run.kind === 'train' ? { ...run, validating: { done: event.done, total: event.total } } : run,
        );
        break;
      case 'preparing': {
        const { stage, done, total } = event;
        this.changeSoon(event.runId, (run) => ({ ...run, preparation: { stage, done, total } }));
        break;
      }
      case 'diverged':
        this.#changeTraining(event.runId, (run) => ({ ...run, divergence: event.divergence }));
        break;
      case 'layers':
        this.change(event.runId, { layers: event.history });
        break;
      case 'paired-validation': {
        const { type: _, ...pair } = event;
        this.#changeTraining(event.runId, (run) => ({
          ...run,
          paired: [...run.paired.filter((other) => !isReplaced(other, pair)), pair],
        }));
        break;
      }
      case 'continues':
        this.change(event.runId, (run) => continued(run, event.step));
        break;
      case 'checkpoint':
        this.change(event.runId, { checkpointStep: event.step });
        break;
      case 'not-kept':
        this.change(event.runId, { notKept: event.message });
        break;
      case 'finder-done':
        this.change(event.runId, (run) => (run.kind === 'finder' ? { ...run, result: event.result } : run));
        break;
    }
  }

  /** Ends every run that is going in this page. */
  interrupt(detail: string): void {
    for (const run of this.#state.runs) {
      if (isGoing(run)) this.change(run.id, { status: 'interrupted', detail, asked: undefined });
    }
  }

  /** Changes a run that is known; messages about others fall through here. */
  change(
    runId: string,
    change: Partial<Omit<RunRecord, 'id' | 'kind'>> | ((run: RunRecord) => RunRecord),
  ): void {
    if (this.get(runId)) this.#patch(this.#withChange(runId, change));
  }

  /** Tells of new steps at the end of the current interval. */
  announceMetrics(): void {
    if (this.#isAnnounced) return;
    this.#isAnnounced = true;
    setTimeout(() => {
      this.#isAnnounced = false;
      const runs = this.#state.runs.map((run) =>
        run.stepsLoaded === 'live' && run.metrics.count !== run.stepCount
          ? { ...run, stepCount: run.metrics.count }
          : run,
      );
      this.#state = { runs, metricsVersion: this.#state.metricsVersion + 1 };
      this.#changed(this.#state);
    }, METRIC_INTERVAL_MS);
  }

  #changeTraining(runId: string, change: (run: TrainRecord) => TrainRecord): void {
    this.change(runId, (run) => (run.kind === 'train' ? change(run) : run));
  }

  /** For frequent changes: listeners hear of them with the next redraw of the charts. */
  changeSoon(runId: string, change: (run: RunRecord) => RunRecord): void {
    if (!this.get(runId)) return;
    this.#state = { ...this.#state, runs: this.#withChange(runId, change) };
    this.announceMetrics();
  }

  #withChange(runId: string, change: Parameters<Runs['change']>[1]): readonly RunRecord[] {
    const apply =
      typeof change === 'function' ? change : (run: RunRecord): RunRecord => ({ ...run, ...change });
    return this.#state.runs.map((run) => (run.id === runId ? apply(run) : run));
  }

  #patch(runs: readonly RunRecord[]): void {
    this.#state = { ...this.#state, runs };
    this.#changed(this.#state);
  }
}

/** Whether a difference comes in the place of another: of the same two runs, or of an epoch that is computed again. */
function isReplaced(other: PairedValidation, pair: PairedValidation): boolean {
  return (
    other.epoch > pair.epoch || (other.epoch === pair.epoch && other.baselineRunId === pair.baselineRunId)
  );
}

/** A run that goes on from a kept state: what it recorded from that step on is dropped. */
function continued(run: RunRecord, step: number): RunRecord {
  run.metrics.truncate(step);
  const forkOf = run.forkOf && { ...run.forkOf, step };
  if (run.kind === 'finder') return { ...run, forkOf, layers: undefined };
  const epochs = run.epochs.filter((row) => row.step <= step);
  const done = new Set(epochs.map((row) => row.epoch));
  return {
    ...run,
    forkOf,
    layers: undefined,
    epochs,
    ...(run.probes && { probes: run.probes.filter((row) => row.step <= step) }),
    paired: run.paired.filter((row) => done.has(row.epoch)),
    validating: undefined,
    divergence: undefined,
  };
}

function newRecord(
  start: RunStart,
  setting: RunSetting,
  givenWeights: string | undefined,
): Omit<RunRecord, 'kind'> {
  return {
    id: start.runId,
    number: start.number,
    experiment: start.experiment,
    origin: start.origin,
    forkOf: undefined,
    startedAt: Date.now(),
    notes: NO_NOTES,
    datasetTitle: setting.dataset.title,
    datasetHash: setting.dataset.hash,
    deviceTitle: setting.deviceTitle,
    backend: setting.backend,
    version: VERSION,
    status: 'preparing',
    detail: undefined,
    endedBy: undefined,
    asked: undefined,
    plan: undefined,
    layers: undefined,
    checkpointStep: undefined,
    notKept: undefined,
    stepCount: 0,
    stepsLoaded: 'live',
    metrics: new MetricBuffer(),
    ...(start.rateReason !== undefined && { rateReason: start.rateReason }),
    ...(start.options && { options: start.options }),
    ...(givenWeights !== undefined && { givenWeights }),
  };
}
