import { megabytes } from '#lib/bytes.ts';
import { DatasetError, throwIfAborted } from '../datasetError.ts';
import { webPageError, kindOf } from '../fileKind.ts';
import { Sha256 } from '../sha256.ts';
import type { PartialFile } from './partialFile.ts';

/** A published file: where it is and what it must be. */
export interface RemoteFile {
  /** For messages. */
  readonly name: string;
  readonly url: string;
  readonly byteLength: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface DownloadOptions {
  /** Bytes that are there, those of an earlier attempt included. */
  readonly onBytes?: ((done: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly fetch?: typeof globalThis.fetch;
  /** A connection that brings nothing for this long is given up and tried anew. */
  readonly stallMs?: number;
  /** Waits before the second, third … attempt without any new byte; then the download gives up. */
  readonly retryMs?: readonly number[];
}

const STALL_MS = 15_000;
const RETRY_MS = [1000, 3000, 8000];
/** Bytes are handed on in pieces of this size, so that a store writes seldom. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Nothing wrong with the file: the next attempt may succeed. */
class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

/**
 * Downloads a file into `partial`, from where an earlier attempt ended, and checks its SHA-256.
 * Broken and stalled connections are taken up again by HTTP range. What has come stays in `partial`
 * when this rejects, unless it cannot be right.
 * @returns the whole file.
 * @throws {DatasetError} with a sentence per cause; a `DOMException` named `AbortError` when cancelled.
 */
export async function downloadFile(
  file: RemoteFile,
  partial: PartialFile,
  options: DownloadOptions = {},
): Promise<Blob> {
  const download = new Download(file, partial, options);
  await download.takeUp();
  const retryMs = options.retryMs ?? RETRY_MS;
  for (let failures = 0; !download.isComplete;) {
    const before = download.received;
    try {
      await download.attempt();
    } catch (error) {
      throwIfAborted(options.signal);
      if (!(error instanceof ConnectionError)) throw error;
      if (download.received > before) failures = 0;
      const wait = retryMs[failures++];
      if (wait === undefined) throw download.givenUp(error);
      await pause(wait, options.signal);
    }
  }
  return download.finish();
}

class Download {
  readonly #file: RemoteFile;
  readonly #partial: PartialFile;
  readonly #options: DownloadOptions;
  readonly #sha = new Sha256();
  #received = 0;
  #isRangeRefused = false;

  constructor(file: RemoteFile, partial: PartialFile, options: DownloadOptions) {
    this.#file = file;
    this.#partial = partial;
    this.#options = options;
  }

  get received(): number {
    return this.#received;
  }

  get isComplete(): boolean {
    return this.#received === this.#file.byteLength;
  }

  /** Hashes what an earlier attempt left. */
  async takeUp(): Promise<void> {
    const before = await this.#partial.read();
    if (!before || before.size === 0) return;
    if (before.size > this.#file.byteLength) return this.#startOver();
    for (let at = 0; at < before.size; at += PIECE_BYTES) {
      throwIfAborted(this.#options.signal);
      this.#sha.update(new Uint8Array(await before.slice(at, at + PIECE_BYTES).arrayBuffer()));
    }
    this.#received = before.size;
    this.#options.onBytes?.(this.#received);
  }

  async #startOver(): Promise<void> {
    await this.#partial.clear();
    this.#sha.reset();
    this.#received = 0;
  }

  /** One request, for the rest of the file. Returns when it is complete; else throws. */
  async attempt(): Promise<void> {
    const { signal, stallMs = STALL_MS } = this.#options;
    throwIfAborted(signal);
    const connection = new AbortController();
    const abort = (): void => connection.abort();
    signal?.addEventListener('abort', abort);
    const stall = (): void =>
      connection.abort(new ConnectionError(`the connection brought nothing for ${stallMs / 1000} seconds`));
    let timer = setTimeout(stall, stallMs);
    const alive = (): void => {
      clearTimeout(timer);
      timer = setTimeout(stall, stallMs);
    };
    try {
      const response = await this.#request(connection.signal);
      alive();
      await this.#receive(response, alive);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      // Ends a body that is left unread.
      connection.abort();
    }
  }

  async #request(signal: AbortSignal): Promise<ReadableStream<Uint8Array>> {
    const { url, name } = this.#file;
    const isRange = this.#received > 0 && !this.#isRangeRefused;
    if (this.#received > 0 && !isRange) await this.#startOver();
    let response: Response;
    try {
      response = await (this.#options.fetch ?? globalThis.fetch)(url, {
        signal,
        credentials: 'omit',
        // The file goes to the store; a second copy in the HTTP cache would only take room.
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
        ...(isRange && { headers: { Range: `bytes=${this.#received}-` } }),
      });
    } catch (error) {
      throw asConnectionError('there is no connection', error);
    }
    const { status } = response;
    if (status === 416) {
      if (this.#isRangeRefused) throw this.#refused(status);
      this.#isRangeRefused = true;
      throw new ConnectionError('the server refused to continue');
    }
    if (status >= 500 || status === 429 || status === 408)
      throw new ConnectionError(`the server answered ${status}`);
    if (status !== 200 && status !== 206) throw this.#refused(status);
    if (/^text\/html/i.test(response.headers.get('Content-Type') ?? '')) throw webPageError(name);
    if (status === 206 && !this.#continues(response.headers.get('Content-Range'))) {
      this.#isRangeRefused = true;
      throw new ConnectionError('the server continued elsewhere');
    }
    // A server that does not know ranges sends all of it.
    if (status === 200 && this.#received > 0) await this.#startOver();
    if (!response.body) throw new ConnectionError('the answer was empty');
    return response.body;
  }

  /** Whether a Content-Range starts where this download stands; scripts may not be shown the header. */
  #continues(header: string | null): boolean {
    if (header === null) return true;
    const match = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(header);
    return (
      match !== null &&
      Number(match[1]) === this.#received &&
      (match[2] === '*' || Number(match[2]) === this.#file.byteLength)
    );
  }

  async #receive(body: ReadableStream<Uint8Array>, alive: () => void): Promise<void> {
    const reader = body.getReader();
    const held = new HeldBytes();
    try {
      for (;;) {
        const { done, value } = await reader.read().catch((error: unknown) => {
          throw asConnectionError('the connection broke', error);
        });
        if (done) break;
        alive();
        this.#expectRoomFor(held.byteLength + value.byteLength, value);
        held.add(value);
        this.#options.onBytes?.(this.#received + held.byteLength);
        if (held.byteLength >= PIECE_BYTES) await this.#keep(held.take());
      }
    } finally {
      // Also what came before the connection broke.
      if (held.byteLength > 0) await this.#keep(held.take());
    }
    if (!this.isComplete) throw new ConnectionError('the connection ended early');
  }

  #expectRoomFor(bytes: number, piece: Uint8Array): void {
    const { name, byteLength } = this.#file;
    if (this.#received === 0 && kindOf(piece.subarray(0, 512)) === 'web-page') throw webPageError(name);
    if (this.#received + bytes > byteLength) {
      throw new DatasetError(
        'damaged',
        `The server sent more than the ${megabytes(byteLength)} of ${name}: the file there has changed. Load CIFAR-10 from its official archive instead.`,
      );
    }
  }

  async #keep(bytes: Uint8Array): Promise<void> {
    await this.#partial.append(bytes);
    this.#sha.update(bytes);
    this.#received += bytes.byteLength;
  }

  async finish(): Promise<Blob> {
    const { name, byteLength, sha256 } = this.#file;
    const whole = await this.#partial.read();
    if (this.#sha.hex() === sha256 && whole?.size === byteLength) return whole;
    await this.#partial.clear();
    throw new DatasetError(
      'damaged',
      `The download of ${name} does not match its published checksum and was discarded; download it again.`,
    );
  }

  #refused(status: number): DatasetError {
    return new DatasetError(
      'network',
      `${new URL(this.#file.url, 'http://localhost').host} answered ${status} for ${this.#file.name}; try again later, or load CIFAR-10 from its official archive.`,
    );
  }

  givenUp(cause: ConnectionError): DatasetError {
    const { name, byteLength } = this.#file;
    const kept =
      this.#received > 0 ? ` ${megabytes(this.#received)} of ${megabytes(byteLength)} are kept.` : '';
    return new DatasetError(
      'network',
      `${name} could not be downloaded: ${cause.message}.${kept} Check the connection and download again; it goes on where it stopped.`,
      { cause },
    );
  }
}

function asConnectionError(what: string, cause: unknown): ConnectionError {
  return cause instanceof ConnectionError ? cause : new ConnectionError(what, { cause });
}

/** Chunks of a stream until there are enough to write. */
class HeldBytes {
  #chunks: Uint8Array[] = [];
  #byteLength = 0;

  get byteLength(): number {
    return this.#byteLength;
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#byteLength += chunk.byteLength;
  }

  take(): Uint8Array {
    const out = new Uint8Array(this.#byteLength);
    let at = 0;
    for (const chunk of this.#chunks) {
      out.set(chunk, at);
      at += chunk.byteLength;
    }
    this.#chunks = [];
    this.#byteLength = 0;
    return out;
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', wake);
      try {
        throwIfAborted(signal);
        resolve();
      } catch (error) {
        reject(error instanceof Error ? error : new Error(String(error)));
      }
    };
    const timer = setTimeout(wake, milliseconds);
    signal?.addEventListener('abort', wake);
  });
}
