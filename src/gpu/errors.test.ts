import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { toGpuError } from './errors.ts';

class Failure {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}
class OutOfMemory extends Failure {}
class Validation extends Failure {}

beforeEach(() => {
  vi.stubGlobal('GPUOutOfMemoryError', OutOfMemory);
  vi.stubGlobal('GPUValidationError', Validation);
});
afterEach(() => vi.unstubAllGlobals());

it.each([
  ['no memory', new OutOfMemory('')],
  [
    'a limit in Chromium',
    new Validation('Buffer size (4503599627370496) exceeds the max buffer size limit.'),
  ],
  ['a limit in Firefox', new Validation('Buffer size 4503599627370496 is greater than the maximum')],
])('advises a smaller batch when a buffer cannot be had: %s', (_, error) => {
  const { kind, message } = toGpuError(error, 'allocating the network');
  expect(kind).toBe('out-of-memory');
  expect(message).toMatch(/^Out of GPU memory \(allocating the network\): use a smaller batch/);
  expect(message).toContain(error.message);
});

it('names what the GPU refused', () => {
  expect(toGpuError(new Validation('Bind group 0 is missing'), 'a training step')).toMatchObject({
    kind: 'validation',
    message: 'The GPU rejected a command (a training step): Bind group 0 is missing',
  });
  expect(toGpuError(new Failure('?'), 'a training step').kind).toBe('internal');
});
