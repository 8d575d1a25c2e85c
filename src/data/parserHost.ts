import { IMAGE_BYTES, type Dataset } from '#domain/dataset.ts';
import { DatasetError, throwIfAborted } from './datasetError.ts';
import type { ParseJob } from './parse.ts';
import type { ParserMessage } from './parserMessages.ts';
import type { LoadOptions } from './progress.ts';

/** The part of `Worker` that the host uses; tests give it a fake. */
export interface ParserWorker extends EventTarget {
  postMessage(job: ParseJob): void;
  terminate(): void;
}

export interface ParserOptions extends LoadOptions {
  readonly createWorker?: () => ParserWorker;
  /** Longest time without a sign of life. A slow machine reports late, a hung decoder never. */
  readonly silenceMs?: number;
  /** Longest time in all; by default from the size of the input. */
  readonly totalMs?: number;
}

const SILENCE_MS = 20_000;
const TOTAL_MS = 5 * 60_000;
/** Photographs are the slowest input: a second for a megabyte or two. */
const TOTAL_MS_PER_MEGABYTE = 2000;

function createParserWorker(): ParserWorker {
  return new Worker(new URL('./parser.worker.ts', import.meta.url), { type: 'module', name: 'parser' });
}

/**
 * Parses in a worker of its own that is ended afterwards, whatever happened: a decoder that hangs, spins or
 * leaks goes with it.
 * @throws {DatasetError}; a `DOMException` named `AbortError` when cancelled.
 */
export function parseInWorker(job: ParseJob, options: ParserOptions = {}): Promise<Dataset> {
  const { signal, silenceMs = SILENCE_MS, totalMs = totalLimit(job) } = options;
  return new Promise((resolve, reject) => {
    throwIfAborted(signal);
    const worker = (options.createWorker ?? createParserWorker)();
    const finish = (settle: () => void): void => {
      clearTimeout(silence);
      clearTimeout(total);
      signal?.removeEventListener('abort', onAbort);
      worker.terminate();
      settle();
    };
    const fail = (error: unknown): void => finish(() => reject(error));
    const onAbort = (): void => {
      try {
        throwIfAborted(signal);
      } catch (error) {
        fail(error);
      }
    };
    const expire = (): void =>
      fail(
        new DatasetError(
          'timeout',
          'Reading stopped making progress: a file is probably damaged. Get it again and retry.',
        ),
      );
    let silence = setTimeout(expire, silenceMs);
    const total = setTimeout(expire, totalMs);
    signal?.addEventListener('abort', onAbort, { once: true });
    worker.addEventListener('message', (event) => {
      const { data } = event as MessageEvent<ParserMessage>;
      clearTimeout(silence);
      switch (data.type) {
        case 'progress':
          silence = setTimeout(expire, silenceMs);
          options.onProgress?.(data.progress);
          return;
        case 'failed':
          fail(new DatasetError(data.code, data.sentence, { cause: data.detail }));
          return;
        case 'done':
          if (isConsistent(data.dataset)) finish(() => resolve(data.dataset));
          else fail(inconsistent());
      }
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      fail(
        new DatasetError(
          'damaged',
          'Reading the data failed: a file is probably damaged. Get it again, or reload the page and retry.',
          { cause: (event as ErrorEvent).message },
        ),
      );
    });
    worker.postMessage(job);
  });
}

function totalLimit(job: ParseJob): number {
  const blobs =
    job.kind === 'built-in'
      ? []
      : job.kind === 'files'
        ? job.files
        : job.kind === 'images'
          ? job.files.map(({ file }) => file)
          : [job.train, job.valid];
  const bytes = blobs.reduce((sum, blob) => sum + blob.size, 0);
  return TOTAL_MS + (bytes / 1e6) * TOTAL_MS_PER_MEGABYTE;
}

/** The last check of what any parser made: whole images, a label of the list for each. */
export function isConsistent({ info, train, valid }: Dataset): boolean {
  return (
    [train, valid].every(
      (half) =>
        half.count > 0 &&
        half.images.length === half.count * IMAGE_BYTES &&
        half.labels.length === half.count &&
        half.labels.every((label) => label < info.classNames.length),
    ) &&
    info.trainCount === train.count &&
    info.validCount === valid.count
  );
}

function inconsistent(): DatasetError {
  return new DatasetError(
    'damaged',
    'The data contradict themselves (counts or labels do not fit); get the files again.',
  );
}
