type RequestErrorCode = 'elsewhere' | 'other-data' | 'no-common-state';

/** A request that cannot be met in the worker's present state; `message` says what has to come first. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  /**
   * Where the page has something to offer: 'elsewhere' another tab's run, 'other-data' the data set to load,
   * 'no-common-state' runs that can only go on one by one.
   */
  readonly code: RequestErrorCode | undefined;

  constructor(message: string, options: ErrorOptions & { readonly code?: RequestErrorCode } = {}) {
    super(message, options);
    this.code = options.code;
  }
}
