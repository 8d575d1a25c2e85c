import { parse, type ParseJob } from './parse.ts';
import { failedMessage, transferOf, type ParserMessage } from './parserMessages.ts';

/** The host takes silence for a hang; reports more often than this are dropped. */
const REPORT_INTERVAL_MS = 50;

const post = (message: ParserMessage, transfer: ArrayBuffer[] = []): void =>
  globalThis.postMessage(message, { transfer });

// Some decoders throw outside the promise they returned.
globalThis.addEventListener('unhandledrejection', (event) => {
  event.preventDefault();
  post(failedMessage(event.reason));
});

let lastReport = Number.NEGATIVE_INFINITY;

globalThis.addEventListener('message', (event: MessageEvent<ParseJob>) => {
  void parse(event.data, {
    onProgress(progress) {
      const now = performance.now();
      if (now - lastReport < REPORT_INTERVAL_MS && progress.done < progress.total) return;
      lastReport = now;
      post({ type: 'progress', progress });
    },
  }).then(
    (dataset) => post({ type: 'done', dataset }, transferOf(dataset)),
    (error: unknown) => post(failedMessage(error)),
  );
});
