import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { serveFiles, type Fault, type FileServer } from '#testing/fileServer.ts';
import { digest } from '../fixtures/plain.ts';
import { memoryPartial, type PartialFile } from './partialFile.ts';
import { downloadFile, type RemoteFile } from './resumableDownload.ts';

const content = Uint8Array.from({ length: 300_000 }, (_, i) => (i * 31 + (i >> 8)) & 255);
const options = { retryMs: [1, 1, 1], stallMs: 60_000 };

let server: FileServer;
let file: RemoteFile;
let partial: PartialFile;

beforeEach(async () => {
  server = await serveFiles(new Map([['/data.bin', content]]));
  file = {
    name: 'data.bin',
    url: `${server.url}/data.bin`,
    byteLength: content.length,
    sha256: createHash('sha256').update(content).digest('hex'),
  };
  partial = memoryPartial();
});
afterEach(() => server.close());

const digestOf = async (blob: Blob): Promise<string> => digest(new Uint8Array(await blob.arrayBuffer()));

/** Breaks the connection that waits in `breakAfter`. */
let breakOff: () => void = () => undefined;
/** Sends the first `count` bytes of a full answer; the connection breaks when they have arrived. */
const breakAfter =
  (count: number): Fault =>
  (_, response) => {
    response.writeHead(200, { 'Content-Length': content.length });
    response.write(content.subarray(0, count));
    breakOff = () => response.destroy();
  };
const breakAt = (count: number) => (done: number) => void (done === count && breakOff());
/** Sends the first `count` bytes, then nothing more. */
const stallAfter =
  (count: number): Fault =>
  (_, response) => {
    response.writeHead(200, { 'Content-Length': content.length });
    response.write(content.subarray(0, count));
  };
const status =
  (code: number): Fault =>
  (_, response) =>
    void response.writeHead(code).end();

test('brings the file and reports its bytes', async () => {
  const reports: number[] = [];
  const blob = await downloadFile(file, partial, { ...options, onBytes: (done) => reports.push(done) });
  expect(await digestOf(blob)).toBe(digest(content));
  expect(reports.at(-1)).toBe(content.length);
  expect(server.ranges).toEqual([undefined]);
});

test.each([
  ['broken', breakAfter(100_000)],
  ['stalled', stallAfter(100_000)],
])('goes on by range after a %s connection', async (kind, fault) => {
  server.faults.push(fault);
  const settings = { ...options, stallMs: kind === 'stalled' ? 1000 : 60_000, onBytes: breakAt(100_000) };
  breakOff = () => undefined;
  expect(await digestOf(await downloadFile(file, partial, settings))).toBe(digest(content));
  expect(server.ranges).toEqual([undefined, 'bytes=100000-']);
});

test('goes on with what an earlier visit left', async () => {
  await partial.append(content.subarray(0, 12_345));
  expect(await digestOf(await downloadFile(file, partial, options))).toBe(digest(content));
  expect(server.ranges).toEqual(['bytes=12345-']);
});

test('asks for nothing when everything is there', async () => {
  await partial.append(content);
  expect(await digestOf(await downloadFile(file, partial, options))).toBe(digest(content));
  expect(server.ranges).toEqual([]);
});

test('starts over where the server does not continue', async () => {
  const ignoresRange: Fault = (request, _, sound) => {
    delete request.headers.range;
    sound();
  };
  const continuesElsewhere: Fault = (_, response) =>
    void response.writeHead(206, { 'Content-Range': `bytes 5-9/${content.length}` }).end('wrong');
  for (const fault of [ignoresRange, continuesElsewhere, status(416)]) {
    const left = memoryPartial();
    await left.append(content.subarray(0, 1000));
    server.faults.push(fault);
    expect(await digestOf(await downloadFile(file, left, options))).toBe(digest(content));
  }
});

test('tries again after errors of the server’s own, then says what happened', async () => {
  server.faults.push(status(503), status(429));
  expect(await digestOf(await downloadFile(file, partial, options))).toBe(digest(content));
  server.faults.push(status(503), status(503), status(503), status(503));
  await expect(downloadFile(file, memoryPartial(), options)).rejects.toMatchObject({
    code: 'network',
    sentence:
      'data.bin could not be downloaded: the server answered 503. Check the connection and download again; it goes on where it stopped.',
  });
});

test('gives up without a connection, keeps what came, and goes on later', async () => {
  server.faults.push(
    breakAfter(50_000),
    ...Array.from({ length: 4 }, () => (_: unknown, r: { destroy(): void }) => r.destroy()),
  );
  const settings = { ...options, onBytes: breakAt(50_000) };
  await expect(downloadFile(file, partial, settings)).rejects.toMatchObject({
    code: 'network',
    sentence:
      'data.bin could not be downloaded: there is no connection. 50 kB of 300 kB are kept. Check the connection and download again; it goes on where it stopped.',
  });
  expect(await digestOf(await downloadFile(file, partial, options))).toBe(digest(content));
  expect(server.ranges.at(-1)).toBe('bytes=50000-');
});

test('names a server that is silent', async () => {
  const silent: Fault = () => undefined;
  server.faults.push(silent, silent);
  await expect(downloadFile(file, partial, { retryMs: [1], stallMs: 50 })).rejects.toThrow(
    /^data\.bin could not be downloaded: the connection brought nothing for 0\.05 seconds\./,
  );
});

test('does not try again what cannot succeed', async () => {
  server.faults.push(status(404));
  await expect(downloadFile(file, partial, options)).rejects.toThrow(
    /^127\.0\.0\.1:\d+ answered 404 for data\.bin; try again later/,
  );
  expect(server.ranges).toHaveLength(1);
});

test('takes a web page for what it is, by its type and by its first bytes', async () => {
  const page =
    (type: string): Fault =>
    (_, response) =>
      void response
        .writeHead(200, { 'Content-Type': type })
        .end('<!DOCTYPE html><html><title>Sign in</title>');
  for (const type of ['text/html; charset=utf-8', 'application/octet-stream']) {
    server.faults.push(page(type));
    await expect(downloadFile(file, partial, options)).rejects.toThrow(/^data\.bin is a web page, not data/);
    expect((await partial.read())?.size).toBe(0);
  }
});

test('discards what does not match the checksum, so that the next attempt starts clean', async () => {
  const wrong = content.slice();
  wrong[77]! ^= 1;
  server.faults.push((_, response) => void response.end(wrong));
  await expect(downloadFile(file, partial, options)).rejects.toMatchObject({
    code: 'damaged',
    sentence:
      'The download of data.bin does not match its published checksum and was discarded; download it again.',
  });
  expect(await digestOf(await downloadFile(file, partial, options))).toBe(digest(content));
});

test('refuses more bytes than the file has', async () => {
  server.faults.push((_, response) => void response.end(Buffer.concat([content, content])));
  await expect(downloadFile(file, partial, options)).rejects.toThrow(
    /^The server sent more than the 300 kB of data\.bin/,
  );
});

test('stops at once when it is cancelled, keeping what came', async () => {
  const controller = new AbortController();
  server.faults.push(stallAfter(100_000));
  const promise = downloadFile(file, partial, {
    ...options,
    signal: controller.signal,
    onBytes: (done) => done === 100_000 && controller.abort(),
  });
  await expect(promise).rejects.toMatchObject({ name: 'AbortError' });
  expect((await partial.read())?.size).toBe(100_000);
});
