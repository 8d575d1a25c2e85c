import { expect, it } from 'vitest';
import { DeviceLosses } from './deviceLosses.ts';

it('restarts once by itself, and expects the block of the browser after two losses in two minutes', () => {
  const losses = new DeviceLosses();
  expect(losses.blockAt(0)).toBeUndefined();
  expect(losses.record(1_000)).toEqual({ restarts: true, blockedUntil: undefined });
  expect(losses.blockAt(5_000)).toBe(121_000);
  expect(losses.record(61_000)).toEqual({ restarts: false, blockedUntil: 181_000 });
  expect(losses.record(600_000)).toEqual({ restarts: false, blockedUntil: undefined });
});
