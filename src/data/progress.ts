/** What loading is doing; `done` of `total` is in bytes or images, whatever the stage counts. */
export interface LoadProgress {
  readonly stage: string;
  readonly done: number;
  readonly total: number;
  /** While bytes arrive over the network. */
  readonly bytesPerSecond?: number;
  readonly remainingMs?: number;
}

export interface LoadOptions {
  readonly onProgress?: ((progress: LoadProgress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}
