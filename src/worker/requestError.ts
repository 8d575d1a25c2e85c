/** A request that cannot be met in the worker's present state; `message` says what has to come first. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  /** Where the page has something to offer: 'elsewhere' another tab's run, 'other-data' the data set to load. */
  readonly code: 'elsewhere' | 'other-data' | undefined;

  constructor(message: string, options: ErrorOptions & { readonly code?: 'elsewhere' | 'other-data' } = {}) {
    super(message, options);
    this.code = options.code;
  }
}
