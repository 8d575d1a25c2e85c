import { DataLibrary } from '#data/dataLibrary.ts';
import { startWeights } from '#engine/startWeights.ts';
import { openOpfsFiles } from '#lib/files/opfsFiles.ts';
import { RunStore } from '#store/runStore.ts';
import { startDevice } from './deviceStart.ts';
import { Dispatcher } from './dispatch.ts';
import { WebRunLocks } from './runLocks.ts';

/** The module worker that holds data, device and training; started by the page's client. */
declare const self: DedicatedWorkerGlobalScope;

const dispatcher = new Dispatcher({
  post: (message, transfer) => self.postMessage(message, transfer),
  startDevice,
  library: new DataLibrary(),
  openStore: async () => {
    const files = await openOpfsFiles('normlab-runs');
    return files && new RunStore(files);
  },
  locks: new WebRunLocks(navigator.locks),
  startWeights,
  clock: () => performance.now(),
  now: () => Date.now(),
});

self.addEventListener('message', (event: MessageEvent<unknown>) => void dispatcher.receive(event.data));
