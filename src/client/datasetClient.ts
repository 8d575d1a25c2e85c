import type { DatasetInfo } from '#domain/dataset.ts';
import type { DatasetSource, KeptData, Requests, SampleImages, WorkerEvent } from '#protocol/messages.ts';
import { RemoteError } from '#protocol/wireError.ts';
import type { DatasetMemory } from './datasetMemory.ts';
import { fetchLocalArchive, type LocalArchive } from './localArchives.ts';
import { type WorkerLink, WorkerLostError } from './workerLink.ts';

/** What a loading was started from; 'local' is an archive that the server of this page offers. */
export type LoadingKind = DatasetSource['kind'] | 'local';

/** What is being loaded and how far it is; `done` of `total` in whatever the stage counts. */
export interface LoadingState {
  readonly kind: LoadingKind;
  readonly stage: string;
  readonly done: number;
  /** 0 while it is not known. */
  readonly total: number;
  /** While data come over the network. */
  readonly bytesPerSecond?: number | undefined;
  readonly remainingMs?: number | undefined;
  readonly isCancelling: boolean;
}

export interface DatasetState {
  /** The set in use; stays while another one loads or fails to. */
  readonly info: DatasetInfo | undefined;
  readonly loading: LoadingState | undefined;
  readonly error: string | undefined;
  /** What this browser keeps; undefined until the worker has said. */
  readonly kept: KeptData | undefined;
}

export type DatasetStatistics = Requests['datasetStatistics']['response'];

const BUILT_IN: DatasetSource = { kind: 'built-in' };

/**
 * The page's side of the data: loads, cancels and removes data sets over the worker of the moment, and brings
 * the set that was used last into every new worker.
 */
export class DatasetClient {
  readonly #changed: (state: DatasetState) => void;
  readonly #memory: DatasetMemory;
  #link: WorkerLink | undefined;
  /** Where the set in use can be had from again, by a new worker or a new visit. */
  #source: DatasetSource;
  #fetching: AbortController | undefined;
  #statistics: { readonly hash: string; readonly promise: Promise<DatasetStatistics> } | undefined;
  #state: DatasetState = { info: undefined, loading: undefined, error: undefined, kept: undefined };

  /** @param changed told of every new state. */
  constructor(changed: (state: DatasetState) => void, memory: DatasetMemory) {
    this.#changed = changed;
    this.#memory = memory;
    const hash = memory.read();
    this.#source = hash === undefined ? BUILT_IN : { kind: 'stored', hash };
    this.#state = { ...this.#state, loading: starting(this.#source.kind) };
  }

  get state(): DatasetState {
    return this.#state;
  }

  /** Brings the data into a new worker: those in use or used last, else the built-in ones, saying why. */
  async begin(link: WorkerLink): Promise<void> {
    this.#fetching?.abort();
    this.#link = link;
    const source = this.#source;
    if (!(await this.#load(link, source)) && source.kind !== 'built-in' && this.#link === link) {
      const { error } = this.#state;
      await this.#load(link, BUILT_IN);
      if (this.#state.info && error)
        this.#patch({ error: `${error} ${this.#state.info.title} is in use instead.` });
    }
  }

  /** Replaces the data set; on failure the one in use stays and `error` says why. */
  async load(source: DatasetSource): Promise<void> {
    if (this.#state.loading || !this.#link) return;
    await this.#load(this.#link, source);
  }

  /** Loads an archive that the server of this page offers. */
  async loadLocal(archive: LocalArchive): Promise<void> {
    const link = this.#link;
    if (this.#state.loading || !link) return;
    const fetching = new AbortController();
    this.#fetching = fetching;
    const loading = { ...starting('local'), stage: `Fetching ${archive.name}`, total: archive.byteLength };
    this.#patch({ loading, error: undefined });
    try {
      const file = await fetchLocalArchive(archive, fetching.signal, (done) => {
        if (this.#fetching === fetching) this.#patchLoading({ done });
      });
      this.#fetching = undefined;
      await this.#load(link, { kind: 'files', files: [file] }, 'local');
    } catch (error) {
      if (this.#fetching !== fetching) return;
      this.#fetching = undefined;
      this.#patch({ loading: undefined, ...(!fetching.signal.aborted && { error: sentence(error) }) });
    }
  }

  /** Ends the loading that is going on; what a download has brought so far stays for the next attempt. */
  cancel(): void {
    if (!this.#state.loading) return;
    this.#patchLoading({ isCancelling: true });
    if (this.#fetching) this.#fetching.abort();
    else this.#link?.request('cancelLoading', {}).catch(ignoreLost);
  }

  /** Removes a kept set; the one in use stays in use, but only until the page is closed. */
  async remove(hash: string): Promise<void> {
    await this.#changeKept('removeData', { hash });
    if (this.#memory.read() === hash) this.#memory.write(undefined);
    if (this.#source.kind === 'stored' && this.#source.hash === hash) this.#source = BUILT_IN;
  }

  /** Removes what an unfinished download has brought. */
  async discardDownload(): Promise<void> {
    await this.#changeKept('discardDownload', {});
  }

  dismissError(): void {
    this.#patch({ error: undefined });
  }

  sampleImages(request: Requests['sampleImages']['request']): Promise<SampleImages> {
    return this.#linked().request('sampleImages', request);
  }

  augmentedImages(request: Requests['augmentedImages']['request']): Promise<SampleImages> {
    return this.#linked().request('augmentedImages', request);
  }

  /** Of the set in use, counted once: it takes a pass over every pixel. */
  statistics(hash: string): Promise<DatasetStatistics> {
    if (this.#statistics?.hash !== hash) {
      const promise = this.#linked().request('datasetStatistics', {});
      promise.catch(() => (this.#statistics = undefined));
      this.#statistics = { hash, promise };
    }
    return this.#statistics.promise;
  }

  progress({ stage, done, total, ...rate }: Extract<WorkerEvent, { type: 'dataset-progress' }>): void {
    const { bytesPerSecond, remainingMs } = rate;
    if (!this.#fetching) this.#patchLoading({ stage, done, total, bytesPerSecond, remainingMs });
  }

  /** The worker is gone, which has its own message. */
  lost(): void {
    this.#fetching?.abort();
    this.#fetching = undefined;
    this.#patch({ loading: undefined });
  }

  /** @returns whether the data are in use now. */
  async #load(link: WorkerLink, source: DatasetSource, kind: LoadingKind = source.kind): Promise<boolean> {
    this.#patch({ loading: starting(kind), error: undefined });
    let info: DatasetInfo;
    try {
      info = await link.request('loadDataset', { source });
    } catch (error) {
      if (error instanceof WorkerLostError || this.#link !== link) return false;
      const isCancelled = error instanceof RemoteError && error.remoteName === 'AbortError';
      this.#patch({ loading: undefined, ...(!isCancelled && { error: sentence(error) }) });
      await this.#refreshKept(link);
      return false;
    }
    this.#patch({ info, loading: undefined });
    this.#source = source;
    await this.#refreshKept(link);
    if (this.#state.info === info) this.#remember(info, source);
    return true;
  }

  #remember({ hash }: DatasetInfo, source: DatasetSource): void {
    const isKept = this.#state.kept?.datasets.some((set) => set.info.hash === hash) ?? false;
    this.#memory.write(isKept ? hash : undefined);
    if (isKept) this.#source = { kind: 'stored', hash };
    // A new worker must not start a long download that nobody asked for.
    else if (source.kind === 'download') this.#source = BUILT_IN;
  }

  async #refreshKept(link: WorkerLink): Promise<void> {
    try {
      this.#patch({ kept: await link.request('keptData', {}) });
    } catch (error) {
      ignoreLost(error);
    }
  }

  async #changeKept<Name extends 'removeData' | 'discardDownload'>(
    name: Name,
    body: Requests[Name]['request'],
  ): Promise<void> {
    try {
      const kept: KeptData = await this.#linked().request(name, body);
      this.#patch({ kept });
    } catch (error) {
      if (!(error instanceof WorkerLostError)) this.#patch({ error: sentence(error) });
    }
  }

  #linked(): WorkerLink {
    if (!this.#link) throw new Error('DatasetClient: begin(link) comes first');
    return this.#link;
  }

  #patchLoading(change: Partial<LoadingState>): void {
    const { loading } = this.#state;
    if (loading) this.#patch({ loading: { ...loading, ...change } });
  }

  #patch(change: Partial<DatasetState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed(this.#state);
  }
}

function starting(kind: LoadingKind): LoadingState {
  return { kind, stage: 'Starting', done: 0, total: 0, isCancelling: false };
}

function ignoreLost(error: unknown): void {
  if (!(error instanceof WorkerLostError)) console.error(error);
}

/** For people; the rest goes to the console. */
export function sentence(error: unknown): string {
  if (error instanceof RemoteError && error.detail) console.error(error.detail);
  return error instanceof Error ? error.message : String(error);
}
