import type { RunStart } from '#domain/keptRun.ts';
import { isOver } from '#domain/run.ts';
import type { FinderSettings, ForkOrigin, RunStatus } from '#domain/run.ts';
import type { Requests } from '#protocol/messages.ts';
import { RemoteError } from '#protocol/wireError.ts';
import { sentence } from './datasetClient.ts';
import type { RunSetting, Runs } from './runs.ts';
import { WorkerLostError } from './workerLink.ts';
import type { WorkerLink } from './workerLink.ts';

/** A run as it is asked for. */
export type WantedRun = Omit<RunStart, 'runId' | 'number'>;

/** A file of weights, safetensors under torchvision's names, that a run starts from. */
export interface WeightsFile {
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** Runs that were started together. */
export interface StartedRuns {
  readonly runIds: readonly string[];
  /** Resolves, never rejects, when the last of them is over; the records say how each ended. */
  readonly over: Promise<void>;
  /** Whether they stay as they were, since they can only go on one by one; known once they are over. */
  readonly goApart?: () => boolean;
}

/** Starts runs in the worker and follows them to their end. */
export class RunRequests {
  readonly #runs: Runs;
  readonly #link: () => WorkerLink;
  readonly #setting: () => RunSetting;
  readonly #pending = new Set<string>();
  /** Resolves when the worker has answered for the runs that were asked for last. */
  #answered = Promise.resolve();

  /**
   * @param link gives the worker of the moment.
   * @param setting gives the data and the device of the moment.
   */
  constructor(runs: Runs, link: () => WorkerLink, setting: () => RunSetting) {
    this.#runs = runs;
    this.#link = link;
    this.#setting = setting;
  }

  /** Runs that the worker has not answered for yet, in the order in which they were asked for. */
  get pending(): readonly string[] {
    return [...this.#pending];
  }

  /** @param weights absent: those that follow from the seed. */
  train(wanted: WantedRun, weights?: WeightsFile): StartedRuns {
    const start = this.#runs.nextStart('train', wanted);
    this.#runs.addTraining(start, this.#setting(), undefined, weights?.name);
    return this.#follow([start.runId], async () => {
      const body = { start, forkOf: undefined, ...fromOutside(weights) };
      const { status } = await this.#link().request('train', body);
      return [status];
    });
  }

  /**
   * Continues a run with other settings, as a run of its own: from its newest kept state of at most `forkOf.step`
   * steps.
   */
  fork(wanted: WantedRun, forkOf: ForkOrigin): StartedRuns {
    const start = this.#runs.nextStart('train', wanted);
    this.#runs.addTraining(start, this.#setting(), forkOf);
    return this.#follow([start.runId], async () => {
      const { status } = await this.#link().request('train', { start, forkOf });
      return [status];
    });
  }

  findLearningRate(wanted: WantedRun, settings: FinderSettings, weights?: WeightsFile): StartedRuns {
    const start = this.#runs.nextStart('finder', wanted);
    this.#runs.addFinder(start, this.#setting(), settings, weights?.name);
    return this.#follow([start.runId], async () => {
      const body = { start, settings, ...fromOutside(weights) };
      const result = await this.#link().request('findLearningRate', body);
      this.#runs.change(start.runId, (run) => (run.kind === 'finder' ? { ...run, result } : run));
      return [result.reason === 'stopped' ? 'stopped' : 'finished'];
    });
  }

  /** Trains two to six runs step by step in turn. */
  race(wanted: readonly WantedRun[]): StartedRuns {
    const starts = wanted.map((one) => this.#runs.nextStart('train', one));
    for (const start of starts) this.#runs.addTraining(start, this.#setting(), undefined);
    return this.#follow(
      starts.map((start) => start.runId),
      async () => (await this.#link().request('race', { starts })).statuses,
    );
  }

  /**
   * Continues a run from its newest kept state, or from its start without one; its steps must be loaded. A run
   * that the worker refuses stays as it was and says why: other data are in use, or another tab trains it and
   * `takesOver` is not set.
   */
  resumeKept(runId: string, takesOver = false): StartedRuns {
    const body = takesOver ? { runId, takeOver: true } : { runId };
    return this.#resume([runId], async () => [(await this.#link().request('resumeKept', body)).status]);
  }

  /**
   * Continues interrupted runs of a race together; their steps must be loaded. Where the worker refuses, they stay
   * as they were, and say why unless `goApart` tells it.
   */
  resumeRace(runIds: readonly string[]): StartedRuns {
    let goApart = false;
    const started = this.#resume(runIds, async () => {
      try {
        return (await this.#link().request('resumeRace', { runIds })).statuses;
      } catch (error) {
        goApart = error instanceof RemoteError && error.code === 'no-common-state';
        if (!goApart) throw error;
        return undefined;
      }
    });
    return { ...started, goApart: () => goApart };
  }

  pause(runId: string): void {
    this.#ask('pause', runId);
  }

  resume(runId: string): void {
    this.#ask('resume', runId);
  }

  step(runId: string): void {
    this.#ask('step', runId);
  }

  stop(runId: string): void {
    this.#ask('stop', runId);
  }

  /** Keeps the state of a run soon; what cannot be kept now is kept later, or said by 'not-kept'. */
  saveState(runId: string): void {
    this.#link()
      .request('saveState', { runId })
      .catch(() => undefined);
  }

  /** Runs note when nobody sees the page. A worker that is gone has none. */
  pageHidden(isHidden: boolean): void {
    this.#link()
      .request('pageHidden', { isHidden })
      .catch(() => undefined);
  }

  /** @param request resolves to undefined when the runs stay as they were. */
  #resume(runIds: readonly string[], request: () => Promise<readonly RunStatus[] | undefined>): StartedRuns {
    const before = runIds.map((runId) => this.#runs.get(runId)?.status);
    for (const runId of runIds) {
      this.#runs.change(runId, {
        status: 'preparing',
        detail: undefined,
        endedBy: undefined,
        asked: undefined,
        stepsLoaded: 'live',
      });
    }
    const stayed = (detail: string | undefined): readonly RunStatus[] => {
      for (const runId of runIds) this.#runs.change(runId, { stepsLoaded: 'loaded', detail });
      return before.map((status) => status!);
    };
    return this.#follow(runIds, async () => {
      try {
        return (await request()) ?? stayed(undefined);
      } catch (error) {
        const isUntouched = runIds.every((runId, i) => {
          const run = this.#runs.get(runId);
          return run && before[i] && !isOver(run.status);
        });
        if (!(error instanceof RemoteError) || !isUntouched) throw error;
        return stayed(error.message);
      }
    });
  }

  #follow(runIds: readonly string[], request: () => Promise<readonly RunStatus[]>): StartedRuns {
    // The worker refuses another run while it still writes the one that has just ended.
    const before = this.#isWriting() ? this.#answered : undefined;
    for (const runId of runIds) this.#pending.add(runId);
    const follow = async (): Promise<void> => {
      let end: (runId: string, i: number) => void;
      try {
        if (before) await before;
        const statuses = await request();
        end = (runId, i) => this.#runs.change(runId, { status: statuses[i]!, asked: undefined });
      } catch (error) {
        end = (runId) => this.#fail(runId, error);
      }
      // First: what waits for the end of these runs looks whether any is pending.
      for (const runId of runIds) this.#pending.delete(runId);
      for (const [i, runId] of runIds.entries()) end(runId, i);
    };
    this.#answered = follow();
    return { runIds, over: this.#answered };
  }

  /** Whether all runs that the worker was asked for are over, and it has not answered for all of them. */
  #isWriting(): boolean {
    const statuses = this.pending.map((runId) => this.#runs.get(runId)?.status);
    return statuses.length > 0 && statuses.every((status) => status === undefined || isOver(status));
  }

  /** Ends the record of a run whose request failed. */
  #fail(runId: string, error: unknown): void {
    const run = this.#runs.get(runId);
    if (!run || isOver(run.status)) return;
    const status = error instanceof WorkerLostError ? 'interrupted' : 'failed';
    this.#runs.change(runId, { status, detail: sentence(error), asked: undefined });
  }

  #ask(name: 'pause' | 'resume' | 'step' | 'stop', runId: string): void {
    this.#runs.change(runId, { asked: name });
    this.#link()
      .request(name, { runId })
      .then(
        () => this.#runs.change(runId, (run) => (run.asked === name ? { ...run, asked: undefined } : run)),
        (error: unknown) => this.#runs.change(runId, { asked: undefined, detail: sentence(error) }),
      );
  }
}

/** Start weights as the worker takes them. */
function fromOutside(
  weights: WeightsFile | undefined,
): Pick<Requests['train']['request'], 'initialWeights' | 'initialWeightsName'> {
  return weights ? { initialWeights: weights.bytes, initialWeightsName: weights.name } : {};
}
