import type { RequestMessage, RequestName, Requests, WorkerEvent } from '#protocol/messages.ts';
import { parseResponse, parseWorkerMessage } from '#protocol/parse.ts';
import { RemoteError } from '#protocol/wireError.ts';
import type { WorkerPort } from './workerPort.ts';

/** The worker is gone: everything it was asked ends with this. */
export class WorkerLostError extends Error {
  override readonly name = 'WorkerLostError';
}

interface Pending {
  readonly name: RequestName;
  readonly settle: (body: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Requests and events over one worker. Every request settles: with the worker's answer, or with
 * `WorkerLostError` when the worker dies, posts what is not of the protocol, or is closed.
 */
export class WorkerLink {
  readonly #port: WorkerPort;
  readonly #pending = new Map<number, Pending>();
  readonly #onEvent: (event: WorkerEvent) => void;
  readonly #onLost: (error: WorkerLostError) => void;
  #lost: WorkerLostError | undefined;
  #nextId = 1;

  constructor(
    port: WorkerPort,
    handlers: { event: (event: WorkerEvent) => void; lost: (error: WorkerLostError) => void },
  ) {
    this.#port = port;
    this.#onEvent = handlers.event;
    this.#onLost = handlers.lost;
    port.listen({ message: (data) => this.#receive(data), failed: (sentence) => this.#fail(sentence) });
  }

  /** @throws {RemoteError | WorkerLostError} by rejection. */
  request<Name extends RequestName>(
    name: Name,
    body: Requests[Name]['request'],
  ): Promise<Requests[Name]['response']> {
    if (this.#lost) return Promise.reject(this.#lost);
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      this.#pending.set(id, { name, reject, settle: (answer) => resolve(parseResponse(name, answer)) });
      try {
        // The union cannot see that `name` and `body` belong together; the signature above does.
        this.#port.postMessage({ type: 'request', id, name, body } as RequestMessage);
      } catch (error) {
        this.#pending.delete(id);
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    });
  }

  /** Ends the worker; pending requests reject, and `lost` is not called. */
  close(): void {
    if (this.#lost) return;
    this.#end(new WorkerLostError('The training worker was closed.'));
  }

  #receive(data: unknown): void {
    if (this.#lost) return;
    try {
      const message = parseWorkerMessage(data);
      if (message.type === 'event') {
        this.#onEvent(message.event);
        return;
      }
      const pending = this.#pending.get(message.id);
      if (!pending) return;
      this.#pending.delete(message.id);
      if (message.ok) this.#settle(pending, message.body);
      else pending.reject(new RemoteError(message.error));
    } catch (error) {
      this.#fail(
        `The training worker sent something unexpected (${error instanceof Error ? error.message : ''}).`,
      );
    }
  }

  #settle(pending: Pending, body: unknown): void {
    try {
      pending.settle(body);
    } catch (error) {
      pending.reject(new WorkerLostError('The training worker sent something unexpected.'));
      throw error;
    }
  }

  #fail(sentence: string): void {
    if (this.#lost) return;
    const error = new WorkerLostError(sentence);
    this.#end(error);
    this.#onLost(error);
  }

  #end(error: WorkerLostError): void {
    this.#lost = error;
    this.#port.terminate();
    for (const pending of this.#pending.values()) pending.reject(error);
    this.#pending.clear();
  }
}
