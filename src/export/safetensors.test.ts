import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeSafetensors,
  encodeSafetensors,
  MAX_HEADER_BYTES,
  SafetensorsError,
  type SafetensorsFault,
  type StoredTensor,
} from './safetensors.ts';

/** A file with this header text, padded by nothing, and a body of so many bytes. */
function fileOf(header: string | Uint8Array, bodyBytes = 0, headerLength?: number | bigint): Uint8Array {
  const text = typeof header === 'string' ? new TextEncoder().encode(header) : header;
  const bytes = new Uint8Array(8 + text.length + bodyBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength ?? text.length), true);
  bytes.set(text, 8);
  return bytes;
}

const tensor = (shape: unknown, offsets: unknown, dtype = 'F32') =>
  JSON.stringify({ dtype, shape, data_offsets: offsets });

function faultOf(bytes: Uint8Array): SafetensorsFault | undefined {
  try {
    decodeSafetensors(bytes);
    return undefined;
  } catch (error) {
    if (error instanceof SafetensorsError) return error.fault;
    throw error;
  }
}

const anyTensor: fc.Arbitrary<StoredTensor> = fc.array(fc.nat(4), { maxLength: 4 }).chain((shape) => {
  const length = shape.reduce((product, size) => product * size, 1);
  const exactly = { minLength: length, maxLength: length };
  return fc
    .oneof(
      fc.float32Array(exactly),
      fc.int32Array(exactly),
      fc.bigInt64Array(exactly),
      fc.uint8Array(exactly),
    )
    .map((data) => ({ shape, data }));
});
const anyName = fc
  .string({ maxLength: 12, unit: 'grapheme' })
  .filter((name) => name !== '__proto__' && name !== '__metadata__');

describe('encodeSafetensors and decodeSafetensors', () => {
  it('return any tensors and metadata as they were', () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(anyName, anyTensor), { selector: ([name]) => name, maxLength: 6 }),
        fc.dictionary(anyName, fc.string()),
        (list, metadata) => {
          const read = decodeSafetensors(encodeSafetensors(new Map(list), metadata));
          expect(read.tensors).toEqual(new Map(list));
          expect(Object.entries(read.metadata)).toEqual(Object.entries(metadata));
        },
      ),
      { numRuns: 200 },
    );
  });

  it('write the layout of the format, aligned', () => {
    const bytes = encodeSafetensors(
      new Map<string, StoredTensor>([
        ['u', { shape: [1], data: Uint8Array.of(7) }],
        ['w', { shape: [2, 1], data: Float32Array.of(1, -2) }],
        ['n', { shape: [], data: BigInt64Array.of(3n) }],
      ]),
      { app: 'NormLab' },
    );
    const view = new DataView(bytes.buffer);
    const headerLength = Number(view.getBigUint64(0, true));
    expect(headerLength % 8).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)))).toEqual({
      __metadata__: { app: 'NormLab' },
      n: { dtype: 'I64', shape: [], data_offsets: [0, 8] },
      w: { dtype: 'F32', shape: [2, 1], data_offsets: [8, 16] },
      u: { dtype: 'U8', shape: [1], data_offsets: [16, 17] },
    });
    const body = 8 + headerLength;
    expect(bytes.length).toBe(body + 17);
    expect([view.getBigInt64(body, true), view.getFloat32(body + 12, true), bytes[body + 16]]).toEqual([
      3n,
      -2,
      7,
    ]);
  });

  it('refuse to write what could not be read', () => {
    const scalar = { shape: [], data: Float32Array.of(1) };
    const fault = (tensors: [string, StoredTensor][], metadata = {}) => {
      try {
        encodeSafetensors(new Map(tensors), metadata);
        return undefined;
      } catch (error) {
        return (error as SafetensorsError).fault;
      }
    };
    expect(fault([['__metadata__', scalar]])).toBe('bad-name');
    expect(fault([['__proto__', scalar]])).toBe('bad-name');
    expect(fault([['w', { shape: [2], data: Float32Array.of(1) }]])).toBe('wrong-size');
    expect(fault([['w', scalar]], { long: 'x'.repeat(MAX_HEADER_BYTES) })).toBe('header-too-large');
  });
});

describe('decodeSafetensors', () => {
  it('reads a body at any alignment of the bytes it is given', () => {
    const file = encodeSafetensors(new Map([['w', { shape: [3], data: Float32Array.of(1, 2, 3) }]]));
    const shifted = new Uint8Array(file.length + 3);
    shifted.set(file, 3);
    expect(decodeSafetensors(shifted.subarray(3)).tensors.get('w')!.data).toEqual(Float32Array.of(1, 2, 3));
  });

  it('lets empty tensors share a place', () => {
    const file = fileOf(
      `{"a":${tensor([0], [4, 4])},"b":${tensor([1], [0, 4])},"c":${tensor([2, 0], [4, 4])}}`,
      4,
    );
    expect([...decodeSafetensors(file).tensors.keys()].sort()).toEqual(['a', 'b', 'c']);
  });

  const faults: [string, SafetensorsFault, Uint8Array][] = [
    ['no bytes', 'too-short', new Uint8Array(0)],
    ['seven bytes', 'too-short', new Uint8Array(7)],
    ['a header above the cap', 'header-too-large', fileOf('{}', 0, MAX_HEADER_BYTES + 1)],
    ['a header of 2^64 - 1 bytes', 'header-too-large', fileOf('{}', 0, 2n ** 64n - 1n)],
    ['a header beyond the file', 'header-beyond-file', fileOf('{}', 0, 3)],
    ['an empty header', 'not-json', fileOf('')],
    ['text that is not JSON', 'not-json', fileOf('{"a":')],
    ['bytes that are not UTF-8', 'not-json', fileOf(Uint8Array.of(0x7b, 0xff, 0x7d))],
    ['a list', 'not-json', fileOf('[]')],
    ['a space before the header', 'not-json', fileOf(' {}')],
    ['null', 'not-json', fileOf('null')],
    ['a name twice', 'duplicate-name', fileOf(`{"a":${tensor([0], [0, 0])},"a":${tensor([0], [0, 0])}}`)],
    [
      'a name twice, once escaped',
      'duplicate-name',
      fileOf(`{"a":${tensor([0], [0, 0])},"\\u0061":${tensor([0], [0, 0])}}`),
    ],
    [
      'a field twice',
      'duplicate-name',
      fileOf('{"a":{"dtype":"F32","dtype":"F32","shape":[0],"data_offsets":[0,0]}}'),
    ],
    ['metadata twice', 'duplicate-name', fileOf('{"__metadata__":{},"__metadata__":{}}')],
    ['a tensor called __proto__', 'bad-name', fileOf(`{"__proto__":${tensor([0], [0, 0])}}`)],
    ['metadata called __proto__', 'bad-metadata', fileOf('{"__metadata__":{"__proto__":"x"}}')],
    ['metadata that is a number', 'bad-metadata', fileOf('{"__metadata__":{"a":1}}')],
    ['metadata that is a list', 'bad-metadata', fileOf('{"__metadata__":["a"]}')],
    ['a tensor that is a number', 'bad-tensor', fileOf('{"a":1}')],
    ['an unknown type', 'unknown-type', fileOf(`{"a":${tensor([1], [0, 4], 'F33')}}`, 4)],
    ['a type that objects inherit', 'unknown-type', fileOf(`{"a":${tensor([1], [0, 4], 'constructor')}}`, 4)],
    ['no shape', 'bad-shape', fileOf('{"a":{"dtype":"F32","data_offsets":[0,0]}}')],
    ['a negative size', 'bad-shape', fileOf(`{"a":${tensor([-1], [0, 4])}}`, 4)],
    ['a fractional size', 'bad-shape', fileOf(`{"a":${tensor([0.5, 2], [0, 4])}}`, 4)],
    ['a size of 1e308', 'bad-shape', fileOf('{"a":{"dtype":"F32","shape":[1e308],"data_offsets":[0,4]}}', 4)],
    [
      'a size of infinity',
      'bad-shape',
      fileOf('{"a":{"dtype":"F32","shape":[1e999],"data_offsets":[0,4]}}', 4),
    ],
    ['a product that overflows', 'bad-shape', fileOf(`{"a":${tensor([2 ** 40, 2 ** 40], [0, 4])}}`, 4)],
    ['a size as text', 'bad-shape', fileOf(`{"a":${tensor(['1'], [0, 4])}}`, 4)],
    ['one offset', 'bad-offsets', fileOf(`{"a":${tensor([1], [0])}}`, 4)],
    ['offsets backwards', 'bad-offsets', fileOf(`{"a":${tensor([1], [4, 0])}}`, 4)],
    ['a negative offset', 'bad-offsets', fileOf(`{"a":${tensor([1], [-4, 0])}}`, 4)],
    ['a fractional offset', 'bad-offsets', fileOf(`{"a":${tensor([1], [0, 4.5])}}`, 8)],
    ['offsets beyond the file', 'bad-offsets', fileOf(`{"a":${tensor([2], [0, 8])}}`, 4)],
    ['a shape that needs more bytes', 'wrong-size', fileOf(`{"a":${tensor([2], [0, 4])}}`, 4)],
    ['a shape that needs fewer bytes', 'wrong-size', fileOf(`{"a":${tensor([0], [0, 4])}}`, 4)],
    ['tensors that overlap', 'overlap', fileOf(`{"a":${tensor([2], [0, 8])},"b":${tensor([1], [4, 8])}}`, 8)],
    [
      'a hole between tensors',
      'hole',
      fileOf(`{"a":${tensor([1], [0, 4])},"b":${tensor([1], [8, 12])}}`, 12),
    ],
    ['a hole at the start', 'hole', fileOf(`{"a":${tensor([1], [4, 8])}}`, 8)],
    ['bytes after the last tensor', 'wrong-end', fileOf(`{"a":${tensor([1], [0, 4])}}`, 5)],
    ['a body without tensors', 'wrong-end', fileOf('{}', 1)],
  ];
  it.each(faults)('refuses %s as %s', (_, fault, bytes) => {
    expect(faultOf(bytes)).toBe(fault);
  });

  it('never allocates more than the file, and leaves prototypes alone', () => {
    // A gigabyte claimed by 100 bytes is refused before anything is made for it.
    expect(faultOf(fileOf(`{"a":${tensor([2 ** 28], [0, 2 ** 30])}}`, 4))).toBe('bad-offsets');
    expect(faultOf(fileOf('{"__proto__":{"polluted":1}}'))).toBe('bad-name');
    expect('polluted' in {}).toBe(false);
  });

  it('answers with a named error or a value, whatever the bytes', () => {
    const header = fc.oneof(fc.string({ unit: 'binary' }), fc.json());
    fc.assert(
      fc.property(header, fc.nat(40), (text, body) => {
        // faultOf passes on every other kind of error.
        expect(faultOf(fileOf(text, body))).not.toBe('');
      }),
      { numRuns: 300 },
    );
  });

  it('reads a header near its cap', () => {
    const metadata = { text: '\\"'.repeat(200_000) };
    expect(decodeSafetensors(encodeSafetensors(new Map(), metadata)).metadata).toEqual(metadata);
  });
});
