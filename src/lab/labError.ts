import { RunsFileError } from '#export/runsJson.ts';
import { RemoteError } from '#protocol/wireError.ts';

/** Something that the lab could not do; the message is a sentence for people. */
export class LabError extends Error {
  override readonly name = 'LabError';
  /** Whether what was asked for cannot be done as it was asked: nothing has begun. */
  readonly isRefusal: boolean;

  constructor(message: string, isRefusal: boolean, options?: ErrorOptions) {
    super(message, options);
    this.isRefusal = isRefusal;
  }
}

/** Errors of the worker that say what is wrong with settings, data or files. */
const REFUSALS: readonly string[] = [
  'DatasetError',
  'RequestError',
  'SafetensorsError',
  'SetupError',
  'TensorMismatchError',
  'UnsupportedError',
];

export function toLabError(error: unknown): LabError {
  if (error instanceof LabError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const isRefusal =
    error instanceof RunsFileError || (error instanceof RemoteError && REFUSALS.includes(error.remoteName));
  return new LabError(message, isRefusal, { cause: error });
}

/** What came of a call in a page: errors lose their class on the way to the script. */
export type Answer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly message: string; readonly isRefusal: boolean };

export async function answer<Value>(work: Promise<Value>): Promise<Answer<Value>> {
  try {
    return { ok: true, value: await work };
  } catch (error) {
    const { message, isRefusal } = toLabError(error);
    return { ok: false, message, isRefusal };
  }
}

/** @throws {LabError} */
export function valueOf<Value>(given: Answer<Value>): Value {
  if (given.ok) return given.value;
  throw new LabError(given.message, given.isRefusal);
}
