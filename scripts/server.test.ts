import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { serveSite, type SiteServer } from './server.mjs';

let folder: string;
let servers: SiteServer[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'normlab-site-'));
  mkdirSync(join(folder, 'dist/assets'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), 'outside');
  writeFileSync(join(folder, 'dist/index.html'), '<!doctype html><title>page</title>');
  writeFileSync(join(folder, 'dist/assets/code.js'), 'export {};');
});

afterAll(() => rmSync(folder, { recursive: true }));

afterEach(async () => {
  await Promise.all(servers.map((server) => server.close()));
  servers = [];
});

async function serve(options: { base?: string; port?: number } = {}): Promise<SiteServer> {
  const server = await serveSite({ root: join(folder, 'dist'), port: 0, ...options });
  servers.push(server);
  return server;
}

/** `fetch` tidies paths before it sends them; this sends them as they are. */
function getRaw(server: SiteServer, path: string): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(server.url);
    request({ hostname, port, path }, (response) => resolve(response.resume()))
      .on('error', reject)
      .end();
  });
}

describe('serveSite', () => {
  it('serves the page and its scripts with types and isolation', async () => {
    const { url } = await serve();
    const page = await fetch(url);
    expect(await page.text()).toContain('<title>page</title>');
    expect(page.headers.get('content-type')).toMatch(/^text\/html/);
    expect(page.headers.get('cross-origin-opener-policy')).toBe('same-origin');
    expect(page.headers.get('cross-origin-embedder-policy')).toBe('require-corp');
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    const script = await fetch(`${url}assets/code.js`);
    expect(script.headers.get('content-type')).toMatch(/^text\/javascript/);
  });

  it('serves the site below a path and nothing beside it', async () => {
    const server = await serve({ base: '/some/path/' });
    expect((await fetch(server.url)).status).toBe(200);
    expect((await fetch(`${server.url}assets/code.js`)).status).toBe(200);
    expect((await getRaw(server, '/assets/code.js')).statusCode).toBe(404);
    const bare = await getRaw(server, '/some/path');
    expect([bare.statusCode, bare.headers.location]).toEqual([308, '/some/path/']);
  });

  it.each([
    '/../secret.txt',
    '/%2e%2e/secret.txt',
    '/..%2fsecret.txt',
    '/assets/../../secret.txt',
    '/%E0%A4%A',
  ])('answers %s with 404', async (path) => {
    expect((await getRaw(await serve(), path)).statusCode).toBe(404);
  });

  it('answers a missing file with 404, not with the page', async () => {
    const { url } = await serve();
    expect((await fetch(`${url}assets/gone.js`)).status).toBe(404);
  });

  it('takes the next port when one is in use, unless that one was asked for', async () => {
    const [first, second] = [await serveSite({ root: folder }), await serveSite({ root: folder })];
    servers.push(first, second);
    expect(second.url).not.toBe(first.url);
    await expect(serve({ port: Number(new URL(first.url).port) })).rejects.toThrow(/--port/);
  });
});
