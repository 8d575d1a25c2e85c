/**
 * The safetensors format: eight bytes with the header's length (little-endian), the header as JSON, then the
 * tensors' bytes, little-endian, which the header's offsets tile without gaps.
 *
 * Source: github.com/huggingface/safetensors, README and `safetensors/src/tensor.rs`. Stricter here: a header
 * of at most 1 MiB, no name twice, and only the element types that NormLab or `train.py` write.
 */
export type TensorData = Float32Array | Int32Array | BigInt64Array | Uint8Array;

export interface StoredTensor {
  /** Empty: a scalar. */
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export type SafetensorsFault =
  | 'too-short'
  | 'header-too-large'
  | 'header-beyond-file'
  | 'not-json'
  | 'duplicate-name'
  | 'bad-name'
  | 'bad-metadata'
  | 'bad-tensor'
  | 'unknown-type'
  | 'bad-shape'
  | 'bad-offsets'
  | 'wrong-size'
  | 'overlap'
  | 'hole'
  | 'wrong-end';

/** A file (or a set of tensors) that breaks one rule of the format, named by `fault`. */
export class SafetensorsError extends Error {
  override readonly name = 'SafetensorsError';
  readonly fault: SafetensorsFault;

  constructor(fault: SafetensorsFault, message: string) {
    super(message);
    this.fault = fault;
  }
}

const LENGTH_BYTES = 8;
/** Our networks need about 10 kB; the format itself allows 100 MB. */
export const MAX_HEADER_BYTES = 2 ** 20;
const METADATA = '__metadata__';
/** Names that mean something else to the format or to JavaScript objects. */
const RESERVED_NAMES: readonly string[] = [METADATA, '__proto__'];

interface ElementType {
  readonly bytes: number;
  /** A view of `buffer`, which the tensor then owns. */
  readonly view: (buffer: ArrayBuffer) => TensorData;
}

const ELEMENT_TYPES: ReadonlyMap<string, ElementType> = new Map([
  ['F32', { bytes: 4, view: (buffer: ArrayBuffer) => new Float32Array(buffer) }],
  ['I32', { bytes: 4, view: (buffer: ArrayBuffer) => new Int32Array(buffer) }],
  ['I64', { bytes: 8, view: (buffer: ArrayBuffer) => new BigInt64Array(buffer) }],
  ['U8', { bytes: 1, view: (buffer: ArrayBuffer) => new Uint8Array(buffer) }],
]);

function typeName(data: TensorData): string {
  if (data instanceof Float32Array) return 'F32';
  if (data instanceof Int32Array) return 'I32';
  return data instanceof Uint8Array ? 'U8' : 'I64';
}

/** Elements of a shape; undefined when a size is no whole number or the product is beyond exact integers. */
function elementCount(shape: readonly unknown[]): number | undefined {
  let count = 1;
  for (const size of shape) {
    if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) return undefined;
    count *= size;
    if (!Number.isSafeInteger(count)) return undefined;
  }
  return count;
}

/**
 * Writes a file. Wider elements come first, so that every tensor is aligned to its own width; within one
 * width the order is the map's.
 * @throws {SafetensorsError} when a name is reserved, a shape does not fit its data, or the header is too large.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, StoredTensor>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const ordered = [...tensors].sort(
    ([, a], [, b]) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT, // sort() is stable
  );
  const header: [string, unknown][] = [];
  if (Object.keys(metadata).length > 0) header.push([METADATA, metadata]);
  let offset = 0;
  for (const [name, { shape, data }] of ordered) {
    checkName(name);
    if (elementCount(shape) !== data.length) {
      throw new SafetensorsError(
        'wrong-size',
        `${name}: shape [${shape.join(', ')}] does not fit ${data.length} elements.`,
      );
    }
    const end = offset + data.byteLength;
    header.push([name, { dtype: typeName(data), shape, data_offsets: [offset, end] }]);
    offset = end;
  }
  const json = new TextEncoder().encode(JSON.stringify(Object.fromEntries(header)));
  // Spaces up to a multiple of eight: data that starts aligned can be mapped as it is.
  const headerBytes = Math.ceil(json.length / 8) * 8;
  if (headerBytes > MAX_HEADER_BYTES) throw headerTooLarge(headerBytes);
  const out = new Uint8Array(LENGTH_BYTES + headerBytes + offset);
  new DataView(out.buffer).setBigUint64(0, BigInt(headerBytes), true);
  out.fill(0x20, LENGTH_BYTES, LENGTH_BYTES + headerBytes);
  out.set(json, LENGTH_BYTES);
  let at = LENGTH_BYTES + headerBytes;
  for (const [, { data }] of ordered) {
    out.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return out;
}

/**
 * Reads a file. Everything is checked before the first tensor is copied, and no more than the file's own size
 * is ever allocated.
 * @returns copies: `bytes` may be changed afterwards.
 * @throws {SafetensorsError}
 */
export function decodeSafetensors(bytes: Uint8Array): {
  readonly tensors: Map<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
} {
  const headerEnd = LENGTH_BYTES + headerLength(bytes);
  const header = parseHeader(bytes.subarray(LENGTH_BYTES, headerEnd));
  const body = bytes.subarray(headerEnd);
  const entries: Entry[] = [];
  let metadata: Readonly<Record<string, string>> = {};
  for (const [name, value] of Object.entries(header)) {
    if (name === METADATA) metadata = checkMetadata(value);
    else entries.push(checkEntry(name, value, body.length));
  }
  checkTiling(entries, body.length);
  const tensors = new Map<string, StoredTensor>();
  for (const { name, type, shape, start, end } of entries) {
    // A copy of its own: the file may place it at any byte.
    const buffer = new ArrayBuffer(end - start);
    new Uint8Array(buffer).set(body.subarray(start, end));
    tensors.set(name, { shape, data: type.view(buffer) });
  }
  return { tensors, metadata };
}

interface Entry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Of its bytes, counted from the end of the header. */
  readonly start: number;
  readonly end: number;
}

function headerLength(bytes: Uint8Array): number {
  if (bytes.length < LENGTH_BYTES) {
    throw new SafetensorsError(
      'too-short',
      `The file has ${bytes.length} bytes; safetensors start with eight.`,
    );
  }
  const length = new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true);
  if (length > MAX_HEADER_BYTES) throw headerTooLarge(length);
  if (LENGTH_BYTES + Number(length) > bytes.length) {
    throw new SafetensorsError(
      'header-beyond-file',
      `The header should have ${length} bytes, but the file ends after ${bytes.length - LENGTH_BYTES}.`,
    );
  }
  return Number(length);
}

function headerTooLarge(length: number | bigint): SafetensorsError {
  return new SafetensorsError(
    'header-too-large',
    `The header has ${length} bytes; at most ${MAX_HEADER_BYTES} are read. Is this a safetensors file?`,
  );
}

function parseHeader(bytes: Uint8Array): object {
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    header = JSON.parse(text);
  } catch (cause) {
    throw Object.assign(new SafetensorsError('not-json', 'The header is not JSON text.'), { cause });
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header) || !text.startsWith('{')) {
    throw new SafetensorsError('not-json', 'The header is not a JSON object.');
  }
  const twice = duplicateName(text);
  if (twice !== undefined) {
    throw new SafetensorsError('duplicate-name', `The header has “${clip(twice)}” twice.`);
  }
  return header;
}

/** The first name that one object of valid JSON has twice: `JSON.parse` would silently keep the last. */
function duplicateName(json: string): string | undefined {
  const open: Set<string>[] = [];
  // Strings with the colon that makes them names, and the braces outside of strings.
  for (const [token, , colon] of json.matchAll(/("[^"\\]*(?:\\.[^"\\]*)*")(\s*:)?|[{}]/g)) {
    if (token === '{') open.push(new Set());
    else if (token === '}') open.pop();
    else if (colon !== undefined) {
      const name = JSON.parse(token.slice(0, -colon.length)) as string;
      const names = open.at(-1)!;
      if (names.has(name)) return name;
      names.add(name);
    }
  }
  return undefined;
}

function checkMetadata(value: unknown): Readonly<Record<string, string>> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (
    !isObject ||
    !Object.entries(value).every(([key, text]) => key !== '__proto__' && typeof text === 'string')
  ) {
    throw new SafetensorsError('bad-metadata', `${METADATA} must hold texts by name.`);
  }
  return value as Record<string, string>;
}

function checkName(name: string): void {
  if (RESERVED_NAMES.includes(name)) {
    throw new SafetensorsError('bad-name', `“${name}” cannot be the name of a tensor.`);
  }
}

function checkEntry(name: string, value: unknown, bodyBytes: number): Entry {
  checkName(name);
  const label = clip(name);
  if (typeof value !== 'object' || value === null) {
    throw new SafetensorsError('bad-tensor', `${label} must have dtype, shape and data_offsets.`);
  }
  const { dtype, shape, data_offsets: offsets } = value as Record<string, unknown>;
  const type = typeof dtype === 'string' ? ELEMENT_TYPES.get(dtype) : undefined;
  if (!type) {
    const known = [...ELEMENT_TYPES.keys()].join(', ');
    throw new SafetensorsError(
      'unknown-type',
      `${label} has the element type ${clip(String(dtype))}; these are read: ${known}. Convert it first, such as with .float() in PyTorch.`,
    );
  }
  const count = Array.isArray(shape) ? elementCount(shape) : undefined;
  if (count === undefined) {
    throw new SafetensorsError('bad-shape', `${label}: its shape must be a list of whole numbers from 0 on.`);
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every((at) => Number.isSafeInteger(at))) {
    throw new SafetensorsError('bad-offsets', `${label}: data_offsets must be two whole numbers.`);
  }
  const [start, end] = offsets as [number, number];
  if (!(start >= 0 && start <= end && end <= bodyBytes)) {
    throw new SafetensorsError(
      'bad-offsets',
      `${label}: its bytes ${start} to ${end} do not lie in the file’s ${bodyBytes}.`,
    );
  }
  if (count * type.bytes !== end - start) {
    throw new SafetensorsError(
      'wrong-size',
      `${label}: ${count} elements of ${dtype as string} do not fit ${end - start} bytes.`,
    );
  }
  return { name, type, shape: shape as number[], start, end };
}

/** Every byte of the body belongs to exactly one tensor; empty ones may share a place. */
function checkTiling(entries: readonly Entry[], bodyBytes: number): void {
  const sorted = entries.toSorted((a, b) => a.start - b.start || a.end - b.end);
  let end = 0;
  for (const entry of sorted) {
    if (entry.start < end) {
      throw new SafetensorsError('overlap', `${clip(entry.name)} overlaps the tensor before it.`);
    }
    if (entry.start > end) {
      throw new SafetensorsError(
        'hole',
        `${entry.start - end} bytes before ${clip(entry.name)} belong to no tensor.`,
      );
    }
    end = entry.end;
  }
  if (end !== bodyBytes) {
    throw new SafetensorsError('wrong-end', `The tensors end at byte ${end}, the file at ${bodyBytes}.`);
  }
}

/** A foreign name for a message. */
function clip(name: string): string {
  return name.length > 80 ? `${name.slice(0, 79)}…` : name;
}
