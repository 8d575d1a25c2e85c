import type { Dataset } from '#domain/dataset.ts';
import type { RunHeader } from '#domain/keptRun.ts';
import type { RunStatus } from '#domain/run.ts';
import type { Requests, WorkerEvent } from '#protocol/messages.ts';
import { BusyError } from '#train/errors.ts';
import type { TrainingJob, TrainingSession } from '#train/session.ts';
import { givenFile, givenWeights, keepGivenWeights } from './givenWeights.ts';
import { RunBooking } from './runBooking.ts';
import type { Booked } from './runBooking.ts';
import { StateMemory } from './keptStore.ts';
import type { KeptStore } from './keptStore.ts';
import type { RunLocks } from './runLocks.ts';
import { RunRecorder } from './runRecorder.ts';
import { forkPoint } from './startPoints.ts';
import { takeUp } from './takeUp.ts';
import type { TakeUpParts } from './takeUp.ts';
import type { TrainingDevice } from './trainingDevice.ts';

/** What runs are trained with. */
export interface RunGround {
  readonly device: TrainingDevice;
  readonly session: TrainingSession;
  readonly dataset: Dataset;
}

export interface RunsParts {
  readonly emit: (event: WorkerEvent) => void;
  /** @throws whatever keeps a run from starting now: no device, no data, something else on the GPU. */
  readonly ground: () => Promise<RunGround>;
  /** Undefined where the browser keeps no files. */
  readonly store: () => Promise<KeptStore | undefined>;
  readonly locks: RunLocks;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Called when no run is going any more. */
  readonly ended: () => void;
}

type Act = (session: TrainingSession, index: number) => void;

/** What was asked for last and is not over. */
interface Going {
  readonly runIds: readonly string[];
  /** Undefined while locks are taken and what was kept is read. */
  session: TrainingSession | undefined;
  /** Those that are being trained. */
  recorders: readonly RunRecorder[];
  /** What was asked of its runs meanwhile. */
  readonly asked: { readonly runId: string; readonly act: Act }[];
}

/** Starts runs and keeps what they do: one request at a time, since the page queues. */
export class Runs {
  /** States that could not be kept. */
  readonly memory = new StateMemory();
  readonly #parts: RunsParts;
  /** Of the runs of this visit, for those that nothing keeps. */
  readonly #headers = new Map<string, RunHeader>();
  readonly #booking: RunBooking;
  #going: Going | undefined;
  #isPageHidden = false;

  constructor(parts: RunsParts) {
    this.#parts = parts;
    this.#booking = new RunBooking(parts, this.memory, (recorder) => this.#lost(recorder));
  }

  get isGoing(): boolean {
    return this.#going !== undefined;
  }

  isCurrent(runId: string): boolean {
    return this.#going?.runIds.includes(runId) ?? false;
  }

  /** Of a run of this visit. */
  header(runId: string): RunHeader | undefined {
    return this.#headers.get(runId);
  }

  train(request: Requests['train']['request']): Promise<Requests['train']['response']> {
    const { start, forkOf, stopAfter } = request;
    const given = givenFile(request);
    const startWeights = given && givenWeights(given.bytes);
    return this.#alone([start.runId], async (ground, store) => {
      const from = forkOf && (await forkPoint(forkOf, ground.dataset, { store, memory: this.memory }));
      const step = from?.state.step ?? 0;
      const origin = forkOf && { ...forkOf, step };
      const booked = await this.#booking.book(ground, store, [
        { start, kind: 'train', finder: undefined, forkOf: origin, given },
      ]);
      if (origin) this.#parts.emit({ type: 'continues', runId: start.runId, step });
      const status = await this.#follow(ground, store, booked, ([job]) =>
        ground.session.train({ ...job!, from, startWeights, stopAfter }, ground.dataset),
      );
      return { status: ended(booked[0]!, status) };
    });
  }

  race({ starts }: Requests['race']['request']): Promise<Requests['race']['response']> {
    const runIds = starts.map(({ runId }) => runId);
    return this.#alone(runIds, async (ground, store) => {
      const booked = await this.#booking.book(
        ground,
        store,
        starts.map((start) => ({ start, kind: 'train', finder: undefined, forkOf: undefined })),
      );
      const statuses = await this.#follow(ground, store, booked, (jobs) =>
        ground.session.race(jobs, ground.dataset),
      );
      return { statuses: statuses.map((status, i) => ended(booked[i]!, status)) };
    });
  }

  find(request: Requests['findLearningRate']['request']): Promise<Requests['findLearningRate']['response']> {
    const { start, settings } = request;
    const given = givenFile(request);
    return this.#alone([start.runId], async (ground, store) => {
      const booked = await this.#booking.book(ground, store, [
        { start, kind: 'finder', finder: settings, forkOf: undefined, given },
      ]);
      return this.#follow(ground, store, booked, async () => {
        const { recorder } = booked[0]!;
        const result = await ground.session.findLearningRate(
          start.experiment,
          settings,
          ground.dataset,
          recorder,
          given && givenWeights(given.bytes),
        );
        recorder.result(result);
        return result;
      });
    });
  }

  async resumeKept({
    runId,
    takeOver = false,
    initialWeights,
    stopAfter,
  }: Requests['resumeKept']['request']): Promise<Requests['resumeKept']['response']> {
    const how = { takeOver, initialWeights };
    const [status] = await this.#resume([runId], how, async ([job], { session, dataset }) => [
      await session.train({ ...job!, stopAfter }, dataset),
    ]);
    return { status: status! };
  }

  async resumeRace({
    runIds,
  }: Requests['resumeRace']['request']): Promise<Requests['resumeRace']['response']> {
    const how = { takeOver: false, initialWeights: undefined };
    const statuses = await this.#resume(runIds, how, (jobs, { session, dataset }) =>
      session.race(jobs, dataset),
    );
    return { statuses };
  }

  /** A run that is over, or waits in the page's queue, has nothing to control here: that is no error. */
  control(runId: string, act: Act): Record<never, never> {
    const going = this.#going;
    const index = going?.runIds.indexOf(runId) ?? -1;
    if (!going || index < 0) return {};
    if (going.session) act(going.session, index);
    else going.asked.push({ runId, act });
    return {};
  }

  /** Runs note when nobody sees the page. */
  pageHidden(isHidden: boolean): Record<never, never> {
    this.#isPageHidden = isHidden;
    for (const recorder of this.#going?.recorders ?? []) recorder.pageHidden(isHidden);
    return {};
  }

  async #alone<Result>(
    runIds: readonly string[],
    run: (ground: RunGround, store: KeptStore | undefined) => Promise<Result>,
  ): Promise<Result> {
    if (this.isGoing) throw new BusyError();
    this.#going = { runIds, session: undefined, recorders: [], asked: [] };
    let hasGround = false;
    try {
      const ground = await this.#parts.ground();
      hasGround = true;
      return await run(ground, await this.#parts.store());
    } finally {
      this.#going = undefined;
      if (hasGround) this.#parts.ended();
    }
  }

  #resume(
    runIds: readonly string[],
    how: Pick<TakeUpParts, 'takeOver' | 'initialWeights'>,
    train: (jobs: readonly TrainingJob[], ground: RunGround) => Promise<readonly RunStatus[]>,
  ): Promise<readonly RunStatus[]> {
    return this.#alone(runIds, async (ground, store) => {
      const taken = await takeUp(runIds, {
        ...how,
        store,
        ground,
        locks: this.#parts.locks,
        recorderOf: (run, more) => this.#booking.recorder(run.header, ground, store, more),
        lost: (recorder) => this.#lost(recorder),
      });
      for (const { run, step } of taken) {
        this.#parts.emit({ type: 'continues', runId: run.header.runId, step });
      }
      const booked = taken.map(({ run, recorder, lock }) => ({
        recorder,
        header: run.header,
        lock,
        isNew: false,
      }));
      const statuses = await this.#follow(ground, store, booked, (jobs) =>
        train(
          jobs.map((job, i) => ({ ...job, from: taken[i]!.from, startWeights: taken[i]!.startWeights })),
          ground,
        ),
      );
      return statuses.map((status, i) => ended(booked[i]!, status));
    });
  }

  /** Trains what was booked, and gives back locks and logs. */
  async #follow<Result>(
    ground: RunGround,
    store: KeptStore | undefined,
    booked: readonly Booked[],
    run: (jobs: readonly TrainingJob[]) => Promise<Result>,
  ): Promise<Result> {
    this.memory.clear();
    for (const { header } of booked) this.#headers.set(header.runId, header);
    for (const { given, recorder } of booked) {
      if (given) await keepGivenWeights(given.bytes, recorder, { store, memory: this.memory });
    }
    const going = this.#going!; // of `#alone`, in which this is
    going.session = ground.session;
    going.recorders = booked.map(({ recorder }) => recorder);
    for (const recorder of going.recorders) recorder.pageHidden(this.#isPageHidden);
    try {
      // The session takes orders from here on, before its first step.
      const result = run(
        booked.map(({ header, recorder }) => ({
          experiment: header.experiment,
          reporter: recorder,
          keeper: recorder,
          options: header.options,
        })),
      );
      for (const { runId, act } of going.asked.splice(0)) this.control(runId, act);
      return await result;
    } finally {
      for (const one of booked) await this.#booking.giveBack(one, store);
    }
  }

  /** Another tab has taken a run over. */
  #lost(recorder: RunRecorder): void {
    recorder.takenOver();
    this.control(recorder.runId, (session, index) => session.stop(index));
  }
}

/** How a run ended for this tab. */
function ended({ recorder }: Booked, status: RunStatus): RunStatus {
  return recorder.isTakenOver ? 'interrupted' : status;
}
