import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CIFAR10 } from '#data/cifarFormat.ts';
import { fileRoutes } from './fileRoutes.ts';
import { dataInputs, initInputs, resumeInputs } from './inputs.ts';
import { NodeFiles } from './nodeFiles.ts';
import { prepareFolder, writeOutput } from './outputFolder.ts';
import { UsageError } from './usageError.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'normlab-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function put(name: string, content = ''): string {
  const path = join(folder, name);
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, content);
  return path;
}

const LOOSE = [...CIFAR10.trainFiles, CIFAR10.validFile];

describe('the data of a run', () => {
  it('are the binary files of a folder, or of the folder that the archive unpacks to', () => {
    const names = LOOSE.map((name) => `data/${name}`);
    for (const name of LOOSE) put(`unpacked/cifar-10-batches-bin/${name}`);
    put('unpacked/readme.html');
    expect(dataInputs(join(folder, 'unpacked')).data).toEqual({ kind: 'files', names });
    const { inputs } = dataInputs(join(folder, 'unpacked/cifar-10-batches-bin'));
    expect([...inputs]).toEqual(
      LOOSE.map((name) => [`data/${name}`, join(folder, 'unpacked/cifar-10-batches-bin', name)]),
    );
  });

  it('are else the archive, or the file that was named', () => {
    put(LOOSE[0]!);
    const archive = put(CIFAR10.officialArchive);
    const expected = new Map([[`data/${CIFAR10.officialArchive}`, archive]]);
    expect(dataInputs(folder).inputs).toEqual(expected);
    expect(dataInputs(archive).inputs).toEqual(expected);
  });

  it('need no file when they are built in', () => {
    expect(dataInputs('built-in')).toEqual({ data: { kind: 'built-in' }, inputs: new Map() });
  });

  it('must be there, all of them', () => {
    const missing = join(folder, 'missing');
    expect(() => dataInputs(missing)).toThrow(
      new UsageError(`--data ${missing}: there is no such folder or file`),
    );
    for (const name of LOOSE.slice(1)) put(name);
    expect(() => dataInputs(folder)).toThrow(
      /^--data .*: no files of CIFAR-10 in it; expected data_batch_1\.bin/,
    );
  });
});

describe('other inputs', () => {
  it('are refused by name when they are missing', () => {
    expect(initInputs(undefined).size).toBe(0);
    expect(() => initInputs(join(folder, 'w.safetensors'))).toThrow('there is no such file');
    put('run.json');
    expect(() => resumeInputs(folder)).toThrow(`--resume ${folder}: there is no checkpoint.bin in it`);
    put('checkpoint.bin');
    expect([...resumeInputs(folder).keys()]).toEqual(['resume/run.json', 'resume/checkpoint.bin']);
  });
});

describe('the folder of a run', () => {
  it('is made, and refused when it holds a run already', () => {
    const out = join(folder, 'a/b');
    prepareFolder(out, false);
    writeOutput(out, 'run.json', 'old');
    writeOutput(out, 'checkpoint.bin', 'old');
    expect(() => prepareFolder(out, false)).toThrow('it holds a run already (run.json)');
    prepareFolder(out, true);
    expect(readdirSync(out)).toEqual([]);
  });

  it('cannot be a file', () => {
    const file = put('file');
    expect(() => prepareFolder(file, false)).toThrow(UsageError);
  });

  it('is the only one that is written to', () => {
    expect(() => writeOutput(join(folder, 'out'), '../other', '')).toThrow('does not lie in');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('the routes of files', () => {
  it('read named inputs and write outputs, under their key alone', async () => {
    const inputs = new Map([['data/a b.bin', put('a b.bin', 'bytes')]]);
    const out = join(folder, 'out');
    const routes = fileRoutes('key', inputs, out);
    const server = createServer((request, response) =>
      routes(request, response, () => response.writeHead(418).end()),
    );
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    try {
      expect(await (await fetch(`${base}/key/data/a%20b.bin`)).text()).toBe('bytes');
      expect((await fetch(`${base}/key/data/other`)).status).toBe(404);
      expect((await fetch(`${base}/other/data/a%20b.bin`)).status).toBe(418);
      expect((await fetch(`${base}/key/arm/run.json`, { method: 'PUT', body: '{}' })).status).toBe(204);
      expect(readFileSync(join(out, 'arm/run.json'), 'utf8')).toBe('{}');
      const escape = await fetch(`${base}/key/..%2Fescaped`, { method: 'PUT', body: '{}' });
      expect(escape.status).toBe(500);
      expect(readdirSync(folder)).not.toContain('escaped');
    } finally {
      server.close();
    }
  });
});

describe('files on disk', () => {
  it('do what a store asks of files', async () => {
    const files = new NodeFiles(join(folder, 'store'));
    const text = async (name: string) => (await files.read('run', name))?.text();
    const bytes = (value: string) => new TextEncoder().encode(value);
    expect(await files.folders()).toEqual([]);
    expect(await text('log')).toBeUndefined();
    await files.append('run', 'log', bytes('one '));
    await files.append('run', 'log', bytes('two '));
    await files.truncate('run', 'log', 6);
    await files.truncate('run', 'log', 60);
    await files.truncate('run', 'none', 1);
    expect(await text('log')).toBe('one tw');
    await files.write('run', 'state', [bytes('a'), bytes('b')]);
    await files.write('run', 'state', [bytes('c'), bytes('d')]);
    expect(await text('state')).toBe('cd');
    expect(await files.folders()).toEqual(['run']);
    expect((await files.look('run')).names.toSorted()).toEqual(['log', 'state']);
    await files.removeFile('run', 'log');
    await files.removeFile('run', 'log');
    expect((await files.look('run')).names).toEqual(['state']);
    await files.remove('run');
    expect(await files.folders()).toEqual([]);
  });

  it('say what the disk refused', async () => {
    put('store', 'a file in place of the folder');
    const refused = new NodeFiles(join(folder, 'store')).append('run', 'log', new Uint8Array(1));
    await expect(refused).rejects.toMatchObject({ name: 'StorageError' });
  });
});
