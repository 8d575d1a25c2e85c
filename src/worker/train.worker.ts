import { DataLibrary } from '#data/dataLibrary.ts';
import { startWeights } from '#engine/startWeights.ts';
import { startDevice } from './deviceStart.ts';
import { Dispatcher } from './dispatch.ts';

/** The module worker that holds data, device and training; started by the page's client. */
declare const self: DedicatedWorkerGlobalScope;

const dispatcher = new Dispatcher({
  post: (message, transfer) => self.postMessage(message, transfer),
  startDevice,
  library: new DataLibrary(),
  startWeights,
  clock: () => performance.now(),
});

self.addEventListener('message', (event: MessageEvent<unknown>) => void dispatcher.receive(event.data));
