import type { WireError } from './messages.ts';

/** Console details longer than this are cut: an error may quote a whole shader. */
const DETAIL_LIMIT = 4000;

/** An error that the worker reported; `message` is the sentence for people. */
export class RemoteError extends Error {
  override readonly name = 'RemoteError';
  /** Name of the error in the worker. */
  readonly remoteName: string;
  /** Stack and causes in the worker, for the console. */
  readonly detail: string | undefined;
  /** Which of several causes, where a caller branches. */
  readonly code: string | undefined;

  constructor(error: WireError) {
    super(error.sentence);
    this.remoteName = error.name;
    this.detail = error.detail;
    this.code = error.code;
  }
}

/** Turns whatever was thrown into plain data: never throws, and keeps the chain of causes in `detail`. */
export function toWireError(error: unknown): WireError {
  if (!(error instanceof Error)) {
    return { name: 'Error', sentence: `Something went wrong: ${describe(error)}` };
  }
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    name: error.name,
    sentence: error.message || `Something went wrong (${error.name}).`,
    detail: chain(error).slice(0, DETAIL_LIMIT),
    ...(code === undefined ? {} : { code }),
  };
}

function chain(error: Error): string {
  const parts: string[] = [];
  const seen = new Set<unknown>();
  let current: unknown = error;
  while (current !== undefined && current !== null && !seen.has(current)) {
    seen.add(current);
    parts.push(current instanceof Error ? (current.stack ?? describe(current)) : describe(current));
    current = current instanceof Error ? current.cause : undefined;
  }
  return parts.join('\ncaused by: ');
}

/** `String(value)` that survives objects without a usable `toString`. */
function describe(value: unknown): string {
  try {
    return String(value);
  } catch {
    return 'an error without a description';
  }
}
