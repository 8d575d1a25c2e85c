import type { WorkerPort } from '#client/workerPort.ts';
import { parse } from '#data/parse.ts';
import type { Dataset } from '#domain/dataset.ts';
import { startWeights } from '#engine/startWeights.ts';
import type { StoreFiles } from '#lib/files/storeFiles.ts';
import type { RequestMessage } from '#protocol/messages.ts';
import { RunStore } from '#store/runStore.ts';
import { Dispatcher, type DispatchParts } from '#worker/dispatch.ts';
import { WebRunLocks } from '#worker/runLocks.ts';
import type { TuningText } from '#worker/tuningStore.ts';
import { openWebGpu } from '#worker/webGpuDevice.ts';
import { Lab } from './lab.ts';
import type { LabHost } from './messages.ts';

export interface NodeLabParts {
  /** Of this process alone: kept runs and checkpoints. */
  readonly store: StoreFiles;
  /** Of all processes, which may replace each other's choices, but never those that a process holds. */
  readonly tuning: Pick<TuningText, 'read' | 'write'>;
}

/** The lab with the worker in this thread; `navigator.gpu` must be there. */
export function nodeLab(host: LabHost, parts: NodeLabParts): Lab {
  return new Lab(workerHere(parts), host);
}

/** The worker's dispatcher behind the port that a page would have. */
function workerHere({ store, tuning }: NodeLabParts): WorkerPort {
  let deliver: (data: unknown) => void = () => undefined;
  const dispatcher = new Dispatcher({
    // Later, as messages come: the receiver may answer, and must not do so inside of this call.
    post: (message) => queueMicrotask(() => deliver(message)),
    startDevice: () => openWebGpu({ ...tuning, alone: (work) => work() }),
    library: LIBRARY,
    startWeights,
    clock: () => performance.now(),
    openStore: () => Promise.resolve(new RunStore(store)),
    locks: new WebRunLocks(undefined),
    now: () => Date.now(),
  });
  return {
    postMessage: (message: RequestMessage) => queueMicrotask(() => void dispatcher.receive(message)),
    listen: ({ message }) => {
      deliver = message;
    },
    terminate: () => {
      deliver = () => undefined;
    },
  };
}

/** Parses in this thread, and keeps nothing: the files are on this machine's disk. */
const LIBRARY: DispatchParts['library'] = {
  load(source, options): Promise<Dataset> {
    if (source.kind === 'built-in') return parse({ kind: 'built-in', seed: source.seed ?? 0 }, options);
    if (source.kind === 'files') return parse(source, options);
    return Promise.reject(new Error('The command line reads files and the built-in set alone.'));
  },
  list: () => Promise.resolve([]),
  remove: () => Promise.resolve(),
  usage: () =>
    Promise.resolve({ datasetBytes: 0, usage: undefined, quota: undefined, isPersistent: undefined }),
  downloadState: () => Promise.resolve({ done: 0, total: 0 }),
  discardDownload: () => Promise.resolve(),
};
