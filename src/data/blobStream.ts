import { megabytes } from '#lib/bytes.ts';
import { DatasetError, throwIfAborted } from './datasetError.ts';

export interface StreamOptions {
  /** File name for messages. */
  readonly name: string;
  /** Most bytes that may come out; a small file can unpack to any size. */
  readonly maxBytes: number;
  /** Bytes of the file read so far, and the last of them. */
  readonly onRead?: ((bytes: number, chunk: Uint8Array) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The bytes of a file, in chunks, as stored. */
export async function* blobChunks(blob: Blob, options: StreamOptions): AsyncGenerator<Uint8Array> {
  yield* readAll(blob.stream(), options, (chunk, total) => options.onRead?.(total, chunk));
}

/**
 * The unpacked bytes of a gzip file, in chunks of at most about 64 KiB. Ends only after the platform has
 * checked length and checksum.
 * @throws {DatasetError} when the file is not gzip, damaged, incomplete, in several parts, or unpacks to
 *   more than `maxBytes`.
 */
export async function* gunzipChunks(blob: Blob, options: StreamOptions): AsyncGenerator<Uint8Array> {
  let read = 0;
  const counted = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
    transform(chunk, controller) {
      read += chunk.byteLength;
      options.onRead?.(read, chunk);
      controller.enqueue(chunk);
    },
  });
  const unpacked = blob.stream().pipeThrough(counted).pipeThrough(new DecompressionStream('gzip'));
  try {
    yield* readAll(unpacked, options);
  } catch (error) {
    if (error instanceof DatasetError || isAbort(error)) throw error;
    throw gzipError(options.name, error);
  }
}

async function* readAll(
  stream: ReadableStream<Uint8Array>,
  options: StreamOptions,
  onChunk?: (chunk: Uint8Array, total: number) => void,
): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  let total = 0;
  let isOpen = true;
  try {
    for (;;) {
      throwIfAborted(options.signal);
      const { done, value } = await reader.read();
      if (done) {
        isOpen = false;
        return;
      }
      total += value.byteLength;
      if (total > options.maxBytes) {
        throw new DatasetError(
          'too-large',
          `${options.name} unpacks to more than ${megabytes(options.maxBytes)}, more than any data set that is read here; choose the official archive.`,
        );
      }
      onChunk?.(value, total);
      yield value;
    }
  } catch (error) {
    isOpen = isOpen && (error instanceof DatasetError || isAbort(error));
    throw error;
  } finally {
    // A failed stream has nothing left to cancel, and cancelling it would reject.
    if (isOpen) await reader.cancel();
  }
}

function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

/**
 * Engines word the same fault differently (Chromium: 'Compressed input was truncated', Node: 'unexpected
 * end of file'), so the words only choose between sentences that all say what to do.
 */
function gzipError(name: string, cause: unknown): DatasetError {
  const nested = cause instanceof Error && cause.cause instanceof Error ? cause.cause.message : '';
  const text = `${cause instanceof Error ? cause.message : String(cause)} ${nested}`;
  if (/truncat|unexpected end|incomplete|premature|terminated/i.test(text)) {
    return new DatasetError(
      'incomplete',
      `${name} ends too early: the download is incomplete. Download it again.`,
      { cause },
    );
  }
  if (/junk|trailing|extra|additional/i.test(text)) {
    return new DatasetError(
      'damaged',
      `${name} has bytes after the end of its packed data, or is packed in several parts. Download it again, or unpack it and drop the files inside.`,
      { cause },
    );
  }
  return new DatasetError(
    'damaged',
    `${name} is damaged: its packed data does not match its checksum or format. Download it again.`,
    {
      cause,
    },
  );
}
