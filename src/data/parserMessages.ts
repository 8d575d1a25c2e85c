import type { Dataset } from '#domain/dataset.ts';
import { DatasetError, type DatasetErrorCode } from './datasetError.ts';
import type { LoadProgress } from './progress.ts';

/** What the parser worker posts. Its only input is one `ParseJob`. */
export type ParserMessage =
  | { readonly type: 'progress'; readonly progress: LoadProgress }
  | { readonly type: 'done'; readonly dataset: Dataset }
  | {
      readonly type: 'failed';
      readonly code: DatasetErrorCode;
      readonly sentence: string;
      readonly detail: string;
    };

/** Any error as it leaves the parser: what is no `DatasetError` came from a decoder that choked. */
export function failedMessage(error: unknown): ParserMessage {
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  if (error instanceof DatasetError)
    return { type: 'failed', code: error.code, sentence: error.sentence, detail };
  if (error instanceof RangeError && /allocation failed|out of memory/i.test(error.message)) {
    return {
      type: 'failed',
      code: 'too-large',
      sentence: 'There is not enough memory to hold these images; close other tabs and try again.',
      detail,
    };
  }
  return {
    type: 'failed',
    code: 'damaged',
    sentence: 'The data cannot be read: a file is damaged or is not what its name says. Get it again.',
    detail,
  };
}

export function transferOf(dataset: Dataset): ArrayBuffer[] {
  return [dataset.train, dataset.valid].flatMap(({ images, labels }) => [
    images.buffer as ArrayBuffer,
    labels.buffer as ArrayBuffer,
  ]);
}
