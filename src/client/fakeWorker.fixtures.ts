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
  async refuse(name: RequestName, sentence: string, error = 'TestError'): Promise<void> {
    this.post({ type: 'response', id: this.#last(name), ok: false, error: { name: error, sentence } });
    await settled();
  }
  #last(name: RequestName): number {
    const request = this.sent.findLast((message) => message.name === name);
    if (!request) throw new Error(`no request '${name}' among ${this.sent.map((sent) => sent.name).join()}`);
    return request.id;
  }
}

/** Lets promises that are settled by now reach their callers. */
export async function settled(): Promise<void> {
  for (let i = 0; i < 10; i++) await Promise.resolve();
}
