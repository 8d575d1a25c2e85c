import type { RequestMessage, RequestName, WorkerEvent } from '#protocol/messages.ts';
import type { WorkerPort } from './workerPort.ts';

/** A worker that answers only when told to. */
export class FakeWorker implements WorkerPort {
  readonly sent: RequestMessage[] = [];
  isTerminated = false;
  #message: (data: unknown) => void = () => {};
  #failed: (sentence: string) => void = () => {};

  postMessage(message: RequestMessage): void {
    this.sent.push(structuredClone(message));
  }
  listen(handlers: { message: (data: unknown) => void; failed: (sentence: string) => void }): void {
    this.#message = handlers.message;
    this.#failed = handlers.failed;
  }
  terminate(): void {
    this.isTerminated = true;
  }

  post(data: unknown): void {
    this.#message(data);
  }
  die(sentence: string): void {
    this.#failed(sentence);
  }
  emit(event: WorkerEvent): void {
    this.post({ type: 'event', event });
  }
  async answer(name: RequestName, body: unknown): Promise<void> {
    this.post({ type: 'response', id: this.#last(name), ok: true, body });
    await settled();
  }
  async refuse(name: RequestName, sentence: string, error = 'TestError', code?: string): Promise<void> {
    const wire = { name: error, sentence, ...(code !== undefined && { code }) };
    this.post({ type: 'response', id: this.#last(name), ok: false, error: wire });
    await settled();
  }
  #last(name: RequestName): number {
    const request = this.sent.findLast((message) => message.name === name);
    if (!request) throw new Error(`no request '${name}' among ${this.sent.map((sent) => sent.name).join()}`);
    return request.id;
  }
}

/** What a fake worker answers to 'start', 'loadDataset' and 'keptData'. */
export const device = {
  backend: 'webgpu',
  title: 'Test GPU',
  vendor: 'test',
  architecture: '',
  isFallback: true,
  features: [],
  maxBufferBytes: 1,
};
export const dataset = {
  id: 'built-in:0',
  title: 'Built-in',
  classNames: ['a', 'b'],
  trainCount: 100,
  validCount: 20,
  mean: [0, 0, 0],
  deviation: [1, 1, 1],
  hash: '00',
  trainHistogram: [50, 50],
  notes: [],
};
export const nothingKept = {
  datasets: [],
  usage: { datasetBytes: 0, usage: undefined, quota: undefined, isPersistent: undefined },
  download: { done: 0, total: 9 },
};

/** Lets promises that are settled by now reach their callers. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
