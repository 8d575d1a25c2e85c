import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FileServer {
  readonly url: string;
  /** `Range` header of each request so far; undefined where there was none. */
  readonly ranges: (string | undefined)[];
  /** How the requests that follow are answered, one entry each; sound answers after the last. */
  readonly faults: Fault[];
  close(): Promise<void>;
}

/** Answers in place of the sound one. `sound` is the sound one. */
export type Fault = (request: IncomingMessage, response: ServerResponse, sound: () => void) => void;

/** Serves files by path from memory on a local port, with ranges. */
export async function serveFiles(files: ReadonlyMap<string, Uint8Array>): Promise<FileServer> {
  const ranges: (string | undefined)[] = [];
  const faults: Fault[] = [];
  const server = createServer((request, response) => {
    ranges.push(request.headers.range);
    const sound = (): void => answer(files.get(request.url ?? ''), request, response);
    const fault = faults.shift();
    if (fault) fault(request, response, sound);
    else sound();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    ranges,
    faults,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function answer(bytes: Uint8Array | undefined, request: IncomingMessage, response: ServerResponse): void {
  if (!bytes) {
    response.writeHead(404).end();
    return;
  }
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? -1);
  if (from < 0) response.writeHead(200, { 'Content-Length': bytes.length }).end(bytes);
  else if (from >= bytes.length) response.writeHead(416).end();
  else {
    response
      .writeHead(206, { 'Content-Range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` })
      .end(bytes.subarray(from));
  }
}
