import { expect, it } from 'vitest';
import { failureOf } from './errors.ts';

it('blames the device for a read-back that its end cut off, and the run for everything else', () => {
  const cutOff = new DOMException('A valid external Instance reference no longer exists.', 'AbortError');
  expect(failureOf(cutOff).status).toBe('interrupted');
  expect(failureOf(new Error('no such layer'))).toEqual({ status: 'failed', detail: 'no such layer' });
});
