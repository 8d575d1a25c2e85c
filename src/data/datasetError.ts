export type DatasetErrorCode =
  | 'damaged'
  | 'incomplete'
  | 'not-recognized'
  | 'too-large'
  | 'network'
  | 'storage'
  | 'timeout'
  | 'unsupported';

/**
 * A data set could not be loaded. `sentence` (also the message) says what is wrong and what to do, in
 * words for users; `cause` keeps the technical error.
 */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly code: DatasetErrorCode;

  constructor(code: DatasetErrorCode, sentence: string, options?: { cause?: unknown }) {
    super(sentence, options);
    this.code = code;
  }

  get sentence(): string {
    return this.message;
  }
}

/** The signal's reason as an error: cancelling is not a fault of the data. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new DOMException('Loading was cancelled.', 'AbortError');
}
