import { describe, expect, test } from 'vitest';
import { RemoteError, toWireError } from './wireError.ts';

class CodedError extends Error {
  override readonly name = 'CodedError';
  readonly code = 'no-adapter';
}

describe('toWireError', () => {
  test('keeps name, sentence, code and the chain of causes', () => {
    const wire = toWireError(new CodedError('No adapter.', { cause: new TypeError('x is not a function') }));
    expect(wire).toMatchObject({ name: 'CodedError', sentence: 'No adapter.', code: 'no-adapter' });
    expect(wire.detail).toContain('CodedError');
    expect(wire.detail).toContain('caused by: TypeError: x is not a function');
  });

  test('survives causes that form a ring, and things that are no errors', () => {
    const ring = new Error('ring');
    ring.cause = ring;
    expect(toWireError(ring).sentence).toBe('ring');
    expect(toWireError('plain').sentence).toBe('Something went wrong: plain');
    expect(toWireError(undefined).sentence).toBe('Something went wrong: undefined');
    expect(toWireError(Object.create(null)).sentence).toBe(
      'Something went wrong: an error without a description',
    );
    expect(toWireError(new RangeError()).sentence).toBe('Something went wrong (RangeError).');
  });

  test('leaves out a code that is no text, and limits the detail', () => {
    const numbered = Object.assign(new Error('dom'), { code: 20, stack: 'x'.repeat(10_000) });
    const wire = toWireError(numbered);
    expect(wire).not.toHaveProperty('code');
    expect(wire.detail).toHaveLength(4000);
  });

  test('crosses the wire and comes back as a RemoteError', () => {
    const error = new RemoteError(structuredClone(toWireError(new CodedError('No adapter.'))));
    expect(error).toBeInstanceOf(Error);
    expect(error.message).toBe('No adapter.');
    expect(error.remoteName).toBe('CodedError');
    expect(error.code).toBe('no-adapter');
    expect(error.detail).toContain('CodedError');
  });
});
