import { expect, it } from 'vitest';
import { DeviceLosses } from './deviceLosses.ts';

it('restarts once by itself, and expects the block of the browser after two losses in two minutes', () => {
  const losses = new DeviceLosses();
  expect(losses.blockAt(0)).toBeUndefined();
  expect(losses.record(1_000, 'webgpu')).toEqual({ restarts: true, blockedUntil: undefined });
  expect(losses.blockAt(5_000)).toBe(121_000);
  expect(losses.record(61_000, 'webgpu')).toEqual({ restarts: false, blockedUntil: 181_000 });
  expect(losses.record(600_000, 'webgpu')).toEqual({ restarts: false, blockedUntil: undefined });
});

it('waits for a blocked GPU instead of training on WebGL, unless WebGL was what was lost', () => {
  const losses = new DeviceLosses();
  expect(losses.waitInsteadOf('webgl', 0)).toBeUndefined();
  losses.record(1_000, 'webgpu');
  expect(losses.waitInsteadOf('webgl', 5_000)).toBe(121_000);
  expect(losses.waitInsteadOf('webgpu', 5_000)).toBeUndefined();
  expect(losses.waitInsteadOf('webgl', 121_000)).toBeUndefined();
  losses.record(200_000, 'webgl');
  expect(losses.waitInsteadOf('webgl', 201_000)).toBeUndefined();
});
