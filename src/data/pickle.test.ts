import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DatasetError } from './datasetError.ts';
import { pickled, records } from './fixtures/cifarFixtures.ts';
import { readPickledBatch } from './pickle.ts';

const batch = records(3);

test('reads labels and pixels of the official form', () => {
  const { labels, data } = readPickledBatch(pickled(batch), 'data_batch_1');
  expect(labels).toEqual([0, 1, 2].map((r) => batch[r * 3073]));
  for (let r = 0; r < 3; r++) {
    expect(data.subarray(r * 3072, (r + 1) * 3072)).toEqual(batch.subarray(r * 3073 + 1, (r + 1) * 3073));
  }
});

const patched = (from: string, to: string): Uint8Array => {
  const bytes = Buffer.from(pickled(batch));
  const at = bytes.indexOf(from, 0, 'latin1');
  expect(at).toBeGreaterThan(0);
  bytes.write(to, at, 'latin1');
  return new Uint8Array(bytes);
};

test.each([
  [
    'a call of code',
    () => Buffer.from('\u0080\u0002cos\nsystem\nU\u0006whoami\u0085R.', 'latin1'),
    'it names code',
  ],
  ['another name in its place', () => patched('cnumpy\ndtype\n', 'cposix\nsyste\n'), 'it names code'],
  ['another element type', () => patched('u1', 'f4'), 'its data are no plain array of bytes'],
  ['no labels', () => patched('labels', 'fables'), 'it has no list of labels'],
  ['a foreign opcode', () => patched('](', ']i'), 'opcode 105 does not belong in it'],
  ['a cut file', () => pickled(batch).subarray(0, 5000), 'it ends too early'],
  ['bytes behind its end', () => Buffer.concat([pickled(batch), Buffer.from('x')]), 'bytes follow its end'],
  ['text', () => new TextEncoder().encode('not a pickle'), 'opcode 110 does not belong in it'],
  ['a newer protocol', () => Uint8Array.from([0x80, 5]), 'its protocol is too new'],
])('refuses %s', (_, make, reason) => {
  expect(() => readPickledBatch(make(), 'data_batch_1')).toThrow(DatasetError);
  expect(() => readPickledBatch(make(), 'data_batch_1')).toThrow(
    new RegExp(`^data_batch_1 is not a batch of CIFAR-10 for Python \\(${reason}.*\\); download`),
  );
});

test('any damage is an error in words or leaves a batch of the right form', () => {
  const sound = pickled(batch);
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.oneof(fc.nat(400), fc.nat(sound.length - 1)), fc.nat(255)), {
        minLength: 1,
        maxLength: 4,
      }),
      (edits) => {
        const damaged = sound.slice();
        for (const [at, value] of edits) damaged[at] = value;
        try {
          const { labels, data } = readPickledBatch(damaged, 'x');
          expect(data).toHaveLength(labels.length * 3072);
        } catch (error) {
          expect(error).toBeInstanceOf(DatasetError);
        }
      },
    ),
    { numRuns: 2000 },
  );
});

test('any bytes are an error in words', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      expect(() => readPickledBatch(bytes, 'x')).toThrow(DatasetError);
    }),
    { numRuns: 2000 },
  );
});
