import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { browserRemovalMemory } from './removalMemory.ts';

let stored: Map<string, string>;

beforeEach(() => {
  stored = new Map();
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, text: string) => stored.set(key, text),
    removeItem: (key: string) => stored.delete(key),
  });
});
afterEach(() => vi.unstubAllGlobals());

it('remembers removals until none is left', () => {
  const memory = browserRemovalMemory();
  expect(memory.read()).toEqual([]);
  memory.write([{ runId: 'a', dueAt: 7 }]);
  expect(browserRemovalMemory().read()).toEqual([{ runId: 'a', dueAt: 7 }]);
  memory.write([]);
  expect(stored.size).toBe(0);
});

it('forgets what is damaged, and works where storage is refused', () => {
  const memory = browserRemovalMemory();
  memory.write([{ runId: 'a', dueAt: 7 }]);
  const [key] = [...stored.keys()];
  for (const text of ['{', '[{"runId":1}]', '{}']) {
    stored.set(key!, text);
    expect(memory.read(), text).toEqual([]);
  }
  const refuse = (): never => {
    throw new DOMException('refused', 'SecurityError');
  };
  vi.stubGlobal('localStorage', { getItem: refuse, setItem: refuse, removeItem: refuse });
  expect(memory.read()).toEqual([]);
  expect(() => memory.write([{ runId: 'a', dueAt: 7 }])).not.toThrow();
});
