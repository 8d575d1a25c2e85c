import type { RequestMessage } from '#protocol/messages.ts';

/** What a link needs of a worker; tests give it a fake. */
export interface WorkerPort {
  postMessage(message: RequestMessage): void;
  /** Called once, before the first message. `failed` is the end of the worker. */
  listen(handlers: { message: (data: unknown) => void; failed: (sentence: string) => void }): void;
  terminate(): void;
}

/** Starts the training worker. */
export function startWorker(): WorkerPort {
  const worker = new Worker(new URL('../worker/train.worker.ts', import.meta.url), {
    type: 'module',
    name: 'NormLab training',
  });
  return {
    postMessage: (message) => worker.postMessage(message),
    listen({ message, failed }) {
      worker.addEventListener('message', (event) => message(event.data));
      worker.addEventListener('messageerror', () =>
        failed('A message of the training worker could not be read.'),
      );
      worker.addEventListener('error', (event) => {
        event.preventDefault();
        // A script that could not be loaded reports no message.
        failed(
          event.message
            ? `The training worker stopped: ${event.message}`
            : 'The training worker could not be loaded.',
        );
      });
    },
    terminate: () => worker.terminate(),
  };
}
