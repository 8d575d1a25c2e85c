import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadData } from './downloadData.mjs';
import { offerData } from './localData.mjs';

const content = Buffer.from(Array.from({ length: 50_000 }, (_, i) => (i * 31) & 255));

let folder: string;
let servers: Server[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'normlab-data-'));
});
afterEach(() => {
  for (const server of servers) {
    server.closeAllConnections();
    server.close();
  }
  servers = [];
  rmSync(folder, { recursive: true });
});

async function serve(answer: Parameters<typeof createServer>[1]): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

const fileAt = (url: string) => ({
  url,
  target: join(folder, 'set.tar.gz'),
  byteLength: content.length,
  md5: createHash('md5').update(content).digest('hex'),
});

describe('downloadData', () => {
  it('downloads, checks and does it once', async () => {
    let requests = 0;
    const file = fileAt(
      await serve((_, response) => {
        requests++;
        response.end(content);
      }),
    );
    const reports: number[] = [];
    expect(await downloadData(file, (done) => reports.push(done))).toBe('downloaded');
    expect(readFileSync(file.target).equals(content)).toBe(true);
    expect(reports.at(-1)).toBe(content.length);
    expect(await downloadData(file)).toBe('present');
    expect(requests).toBe(1);
  });

  it('goes on where a broken connection ended', async () => {
    const ranges: (string | undefined)[] = [];
    const breakOff = (response: ServerResponse): void => {
      response.writeHead(200, { 'Content-Length': content.length });
      response.write(content.subarray(0, 20_000));
      // Only when they have been written down: a broken connection may lose what is under way.
      const part = join(folder, 'set.tar.gz.part');
      const poll = setInterval(() => {
        if (!existsSync(part) || readFileSync(part).length < 20_000) return;
        clearInterval(poll);
        response.destroy();
      }, 5);
    };
    const url = await serve((request, response) => {
      ranges.push(request.headers.range);
      if (ranges.length === 1) breakOff(response);
      else response.writeHead(206).end(content.subarray(20_000));
    });
    await expect(downloadData(fileAt(url))).rejects.toThrow(
      /the connection broke after 20000 of 50000 bytes; run the command again/,
    );
    expect(await downloadData(fileAt(url))).toBe('downloaded');
    expect(ranges).toEqual([undefined, 'bytes=20000-']);
  });

  it.each<[string, (response: ServerResponse) => void, RegExp]>([
    [
      'other content',
      (response) => void response.end(Buffer.alloc(content.length)),
      /not the published file/,
    ],
    [
      'more content',
      (response) => void response.end(Buffer.concat([content, content])),
      /sent more than the published file has/,
    ],
    ['too little', (response) => void response.end(content.subarray(0, 9)), /ended after 9 of 50000 bytes/],
    ['an error', (response) => void response.writeHead(404).end(), /the server answered 404/],
  ])('says what is wrong with %s and completes nothing', async (_, answer, message) => {
    const file = fileAt(await serve((_request, response) => answer(response)));
    await expect(downloadData(file)).rejects.toThrow(message);
    expect(existsSync(file.target)).toBe(false);
  });
});

describe('offerData', () => {
  it('lists the archives of its folder and serves them, and nothing else', async () => {
    writeFileSync(join(folder, 'set.tar.gz'), content);
    writeFileSync(join(folder, 'other.tar.gz.part'), 'unfinished');
    const offer = offerData(folder);
    const url = await serve((request, response) =>
      offer(request, response, () => void response.writeHead(404).end()),
    );
    expect(await (await fetch(`${url}local-data.json`)).json()).toEqual([
      { name: 'set.tar.gz', byteLength: 50_000 },
    ]);
    const answer = await fetch(`${url}local-data/set.tar.gz`);
    expect(Buffer.from(await answer.arrayBuffer()).equals(content)).toBe(true);
    for (const path of [
      'local-data/other.tar.gz.part',
      'local-data/..%2fset.tar.gz',
      'local-data/',
      'index.html',
    ]) {
      expect((await fetch(url + path)).status).toBe(404);
    }
  });

  it('lists nothing without a folder', async () => {
    const offer = offerData(join(folder, 'none'));
    const url = await serve((request, response) => offer(request, response, () => void response.end('next')));
    expect(await (await fetch(`${url}local-data.json`)).json()).toEqual([]);
    expect(await (await fetch(`${url}local-data/x`)).text()).toBe('next');
  });
});
