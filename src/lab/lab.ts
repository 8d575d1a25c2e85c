import type { WorkerPort } from '#client/workerPort.ts';
import { WorkerLink } from '#client/workerLink.ts';
import type { DatasetSource } from '#domain/dataset.ts';
import type { KeptRun, RunStart } from '#domain/keptRun.ts';
import { isOver, type Divergence, type StepChunk } from '#domain/run.ts';
import type { Requests, WorkerEvent } from '#protocol/messages.ts';
import { RemoteError } from '#protocol/wireError.ts';
import { LabError, toLabError } from './labError.ts';
import { INIT_FILE, RUN_FILES } from './messages.ts';
import type { LabControl, LabData, LabHost, LabJob, LabOutcome } from './messages.ts';
import { parseRunFile, runTexts } from './runFiles.ts';

/** The run that is going on. */
interface Going {
  readonly job: LabJob;
  readonly runId: string;
  /** Start weights from outside; undefined where they follow from the settings. */
  readonly init: Uint8Array<ArrayBuffer> | undefined;
  detail: string | undefined;
  divergence: Divergence | undefined;
  /** Those that the run started from, once they are written. */
  initialWeights: Uint8Array<ArrayBuffer> | undefined;
  /** Steps done at the newest checkpoint that was not written out yet. */
  unsaved: number | undefined;
  saving: Promise<void>;
}

/**
 * Runs the training worker for a script: sends it the requests that the page would, passes on what happens, and
 * writes what a run leaves. One run at a time.
 */
export class Lab implements LabControl {
  readonly #host: LabHost;
  readonly #link: WorkerLink;
  #going: Going | undefined;
  #isStopping = false;

  /** @param port of a fresh worker, which the lab owns. */
  constructor(port: WorkerPort, host: LabHost) {
    this.#host = host;
    this.#link = new WorkerLink(port, {
      event: (event) => this.#event(event),
      // Every request that is pending rejects with the reason.
      lost: () => undefined,
    });
  }

  async open(data: LabData): Promise<void> {
    try {
      this.#host.emit({ type: 'device', device: await this.#link.request('start', {}) });
      const dataset = await this.#link.request('loadDataset', { source: await this.#source(data) });
      this.#host.emit({ type: 'dataset', dataset });
    } catch (error) {
      throw toLabError(error);
    }
  }

  stop(): void {
    this.#isStopping = true;
    this.#sendStop();
  }

  #sendStop(): void {
    if (this.#going) void this.#link.request('stop', { runId: this.#going.runId }).catch(() => undefined);
  }

  async run(job: LabJob): Promise<LabOutcome> {
    try {
      return await this.#run(job);
    } catch (error) {
      throw toLabError(error);
    } finally {
      this.#going = undefined;
    }
  }

  async #run(job: LabJob): Promise<LabOutcome> {
    const prepared = job.command === 'resume' ? await this.#prepareResume(job) : await this.#prepare(job);
    const { going } = prepared;
    this.#going = going;
    this.#host.emit({
      type: 'run',
      folder: job.folder,
      command: job.command,
      experiment: prepared.start.experiment,
    });
    const ended = await this.#send(prepared);
    await going.saving;
    const { run, steps } = await this.#kept(going.runId);
    await this.#writeRun(going, run, steps);
    await this.#writeInitialWeights(going);
    if (run.header.kind === 'train') await this.#writeLastWeights(going);
    if (job.withPytorch) await this.#writeBundle(going, run);
    const outcome: LabOutcome = {
      ...ended,
      detail: going.detail,
      stepCount: run.stepCount,
      divergence: going.divergence,
    };
    this.#host.emit({ type: 'end', ...outcome });
    return outcome;
  }

  async #prepare(job: LabJob): Promise<{ start: RunStart; going: Going }> {
    const { experiment } = job;
    if (!experiment) throw new Error('A run needs settings.');
    const init = job.hasInit ? await bytesOf(await this.#host.read(INIT_FILE)) : undefined;
    const runId = crypto.randomUUID();
    return { start: { runId, number: 1, experiment, origin: undefined }, going: newGoing(job, runId, init) };
  }

  /** Brings the run and its checkpoint into the worker. */
  async #prepareResume(job: LabJob): Promise<{ start: RunStart; going: Going }> {
    const file = await this.#host.read(`resume/${RUN_FILES.run}`);
    const kept = parseRunFile(await file.text());
    const { header } = kept.run;
    if (header.kind !== 'train')
      throw new LabError('A learning-rate finder cannot be continued; run it again.', true);
    const bytes = await bytesOf(await this.#host.read(`resume/${RUN_FILES.checkpoint}`));
    await this.#link.request('importRuns', { runs: [kept] });
    const { step } = await this.#link.request('importCheckpoint', { runId: header.runId, bytes });
    if (step > (header.forkOf?.step ?? 0) + kept.run.stepCount) {
      throw new LabError(
        `${RUN_FILES.checkpoint} is from step ${step}, but ${RUN_FILES.run} ends before: do they belong together?`,
        true,
      );
    }
    const init = await this.#host.read(`resume/${RUN_FILES.initialWeights}`).then(bytesOf, () => undefined);
    return { start: header, going: newGoing(job, header.runId, init) };
  }

  async #send({
    start,
    going,
  }: {
    start: RunStart;
    going: Going;
  }): Promise<Pick<LabOutcome, 'status' | 'result'>> {
    const { job, runId, init } = going;
    const stopAfter = job.maxSteps;
    const initial = init && { initialWeights: init };
    const limit = stopAfter !== undefined && { stopAfter };
    if (job.finder) {
      const request = { start, settings: job.finder, ...initial };
      const result = await this.#link.request('findLearningRate', request);
      return { status: result.reason === 'stopped' ? 'stopped' : 'finished', result };
    }
    const request: Requests['train']['request'] = { start, forkOf: undefined, ...initial, ...limit };
    const { status } =
      job.command === 'resume'
        ? await this.#link.request('resumeKept', { runId, ...initial, ...limit })
        : await this.#link.request('train', request);
    return { status, result: undefined };
  }

  #event(event: WorkerEvent): void {
    const going = this.#going;
    if (event.type === 'steps') {
      this.#host.emit({ type: 'steps', runId: event.runId, ...listsOf(event.chunk) });
      return;
    }
    // The result of a finder comes with its end; the other two are for pages.
    if (event.type === 'finder-done' || event.type === 'benchmark-progress') return;
    if (event.type === 'layers' || event.type === 'paired-validation') return;
    if (going) {
      if (event.type === 'checkpoint') this.#saveSoon(going, event.step);
      if (event.type === 'run-status') {
        going.detail = event.detail;
        // Before this, the worker knew of no run to stop.
        if (this.#isStopping && !isOver(event.status)) this.#sendStop();
      }
      if (event.type === 'diverged') going.divergence = event.divergence;
    }
    this.#host.emit(event);
  }

  /** Writes the newest checkpoint, one at a time; those that come meanwhile are passed over but for the last. */
  #saveSoon(going: Going, step: number): void {
    const isQueued = going.unsaved !== undefined;
    going.unsaved = step;
    if (isQueued) return;
    going.saving = going.saving.then(async () => {
      going.unsaved = undefined;
      await this.#writeCheckpoint(going);
    });
    // Awaited at the end of the run.
    going.saving.catch(() => undefined);
  }

  /** The run first: whatever becomes of the second file, all steps before the checkpoint are there. */
  async #writeCheckpoint(going: Going): Promise<void> {
    const { run, steps } = await this.#kept(going.runId);
    const { bytes } = await this.#link.request('checkpoint', { runId: going.runId });
    if (!bytes) return;
    await this.#writeInitialWeights(going);
    await this.#writeRun(going, run, steps);
    await this.#write(going, RUN_FILES.checkpoint, bytes);
  }

  async #writeRun(going: Going, run: KeptRun, steps: StepChunk): Promise<void> {
    const { json, csv } = runTexts(run, steps);
    await this.#write(going, RUN_FILES.run, json);
    await this.#write(going, RUN_FILES.metrics, csv);
  }

  async #writeInitialWeights(going: Going): Promise<void> {
    if (going.initialWeights) return;
    const { runId, init } = going;
    const initial = init ?? (await this.#link.request('weights', { runId, which: 'initial' })).bytes;
    going.initialWeights = initial.slice();
    await this.#write(going, RUN_FILES.initialWeights, initial);
  }

  async #writeLastWeights(going: Going): Promise<void> {
    const { runId } = going;
    const last = await this.#link.request('weights', { runId, which: 'last' }).catch((error: unknown) => {
      // A run that ended before its first checkpoint has none.
      if (error instanceof RemoteError && error.remoteName === 'RequestError') return undefined;
      throw error;
    });
    if (last) await this.#write(going, RUN_FILES.weights, last.bytes);
  }

  async #writeBundle(going: Going, { plan }: KeptRun): Promise<void> {
    const { runId, initialWeights } = going;
    if (!plan || !initialWeights) return;
    const request = { runId, which: 'initial', initialWeights } as const;
    const { bytes } = await this.#link.request('pytorchBundle', request);
    await this.#write(going, RUN_FILES.pytorch, bytes);
  }

  async #write({ job }: Going, name: string, content: Uint8Array<ArrayBuffer> | string): Promise<void> {
    await this.#host.write(job.folder + name, content);
    this.#host.emit({ type: 'written', file: job.folder + name });
  }

  async #kept(runId: string): Promise<{ run: KeptRun; steps: StepChunk }> {
    const [{ runs }, steps] = await Promise.all([
      this.#link.request('keptRuns', {}),
      this.#link.request('keptSteps', { runId }),
    ]);
    const run = runs.find(({ header }) => header.runId === runId);
    if (!run) throw new Error('The worker has not kept the run.');
    return { run, steps };
  }

  async #source(data: LabData): Promise<DatasetSource> {
    if (data.kind === 'built-in') return data;
    const files = await Promise.all(data.names.map((name) => this.#host.read(name)));
    return { kind: 'files', files };
  }
}

function newGoing(job: LabJob, runId: string, init: Going['init']): Going {
  return {
    job,
    runId,
    init,
    detail: undefined,
    divergence: undefined,
    initialWeights: undefined,
    unsaved: undefined,
    saving: Promise.resolve(),
  };
}

async function bytesOf(file: File): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await file.arrayBuffer());
}

function listsOf({ firstStep, losses, smoothed, learningRates, momenta, elapsedMs }: StepChunk) {
  return {
    firstStep,
    losses: [...losses],
    smoothed: [...smoothed],
    learningRates: [...learningRates],
    momenta: [...momenta],
    elapsedMs: [...elapsedMs],
  };
}
