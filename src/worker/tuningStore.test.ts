import { afterEach, expect, test, vi } from 'vitest';
import { tuningStore, type TuningText } from './tuningStore.ts';

/** A file of one browser; `alone` keeps the others out, as a Web Lock does. */
class MemoryText implements TuningText {
  text: string | undefined;
  failure: Error | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  async read(): Promise<string> {
    if (this.text === undefined) throw new DOMException('No such file', 'NotFoundError');
    return this.text;
  }

  async write(text: string): Promise<void> {
    if (this.failure) throw this.failure;
    this.text = text;
  }

  alone<Result>(work: () => Promise<Result>): Promise<Result> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }
}

afterEach(() => vi.restoreAllMocks());

test('keeps the choices of each adapter', async () => {
  const text = new MemoryText();
  await tuningStore(text).add('one', { a: 'wide' });
  await tuningStore(text).add('two', { a: 'tall' });
  await tuningStore(text).add('one', { b: 'deep' });
  expect(await tuningStore(text).load('one')).toEqual({ a: 'wide', b: 'deep' });
  expect(await tuningStore(text).load('two')).toEqual({ a: 'tall' });
  expect(await tuningStore(text).load('three')).toEqual({});
});

test('never changes a choice: the later of two tabs takes that of the first', async () => {
  const text = new MemoryText();
  const both = await Promise.all([
    tuningStore(text).add('gpu', { a: 'wide', b: 'wide' }),
    tuningStore(text).add('gpu', { b: 'tall', c: 'tall' }),
  ]);
  expect(both).toEqual([
    { a: 'wide', b: 'wide' },
    { a: 'wide', b: 'wide', c: 'tall' },
  ]);
  expect(await tuningStore(text).load('gpu')).toEqual(both[1]);
});

test('goes on with a file from before there were other choices than tiles', async () => {
  const text = new MemoryText();
  const tile = { 'forward n2 32x32x3 k3s1p1 16': 'tiles 64x64x16, 8x4 a thread' };
  text.text = JSON.stringify({ version: 1, adapters: { gpu: tile } });
  const tuning = { 'bn n2 32x32x16': 'lanes 64, pixelsPerLane 8' };
  expect(await tuningStore(text).load('gpu')).toEqual(tile);
  expect(await tuningStore(text).add('gpu', tuning)).toEqual({ ...tile, ...tuning });
  expect(await tuningStore(text).load('gpu')).toEqual({ ...tile, ...tuning });
});

test.each([
  ['a broken file', '{"version":1,"adapters":{"gpu":{"a":"wi'],
  ['a file of another version', '{"version":2,"adapters":{"gpu":{"a":"wide"}}}'],
  ['a file of another shape', '{"version":1,"adapters":{"gpu":{"a":3}}}'],
  ['no object at all', 'null'],
])('takes %s for none, and replaces it', async (_, content) => {
  const text = new MemoryText();
  text.text = content;
  expect(await tuningStore(text).load('gpu')).toEqual({});
  expect(await tuningStore(text).add('gpu', { a: 'tall' })).toEqual({ a: 'tall' });
  expect(await tuningStore(text).load('gpu')).toEqual({ a: 'tall' });
});

test('gives the choices back where they cannot be written, and says so', async () => {
  const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined);
  const text = new MemoryText();
  await tuningStore(text).add('gpu', { a: 'wide' });
  text.failure = new DOMException('Full', 'QuotaExceededError');
  expect(await tuningStore(text).add('gpu', { a: 'tall', b: 'tall' })).toEqual({ a: 'wide', b: 'tall' });
  expect(await tuningStore(text).load('gpu')).toEqual({ a: 'wide' });
  expect(warn).toHaveBeenCalledOnce();
});
