import { DatasetError } from './datasetError.ts';

/**
 * Reads one batch file of `cifar-10-python.tar.gz`: a pickle of
 * `{'batch_label': str, 'labels': [int], 'data': uint8 array [N, 3072], 'filenames': [str]}`.
 *
 * A pickle is a program. This reader runs none of it: it knows the opcodes that such a dictionary needs
 * (protocols 2 to 4), makes plain values of them, and treats the three names that numpy arrays are built
 * from as mere markers. Any other name or opcode ends the reading.
 *
 * Source: CPython's Lib/pickletools.py for the opcodes; numpy's `ndarray.__reduce__` for the array's form.
 */
export interface PickledBatch {
  readonly labels: readonly number[];
  /** `[N, 3072]`: planar pixels, a view into the input. */
  readonly data: Uint8Array;
}

type Value =
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'bytes'; readonly value: Uint8Array }
  | { readonly kind: 'tuple' | 'list'; readonly items: Value[] }
  | { readonly kind: 'dictionary'; readonly entries: [Value, Value][] }
  | { readonly kind: 'name'; readonly value: string }
  | { readonly kind: 'object'; readonly of: string; readonly parts: Value[]; state: Value | undefined }
  | { readonly kind: 'constant'; readonly value: boolean | undefined }
  | { readonly kind: 'mark' };

const ALLOWED_NAMES = new Set([
  'numpy.core.multiarray _reconstruct',
  'numpy._core.multiarray _reconstruct',
  'numpy ndarray',
  'numpy dtype',
  '_codecs encode',
]);
const PIXELS = 3072;

/** @throws {DatasetError} when the file is not such a pickle. */
export function readPickledBatch(bytes: Uint8Array, fileName: string): PickledBatch {
  let batch: PickledBatch | string;
  try {
    batch = toBatch(new PickleReader(bytes).read());
  } catch (error) {
    if (!(error instanceof PickleError)) throw error;
    batch = error.message;
  }
  if (typeof batch !== 'string') return batch;
  throw new DatasetError(
    'damaged',
    `${fileName} is not a batch of CIFAR-10 for Python (${batch}); download cifar-10-python.tar.gz again.`,
  );
}

class PickleError extends Error {}

class PickleReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stack: Value[] = [];
  readonly #memo = new Map<number, Value>();
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  read(): Value {
    for (;;) {
      const opcode = String.fromCharCode(this.#take(1)[0]!);
      if (opcode === '.') {
        if (this.#at !== this.#bytes.length) throw new PickleError('bytes follow its end');
        return this.#pop();
      }
      this.#step(opcode);
    }
  }

  #take(count: number): Uint8Array {
    if (!(count >= 0 && this.#at + count <= this.#bytes.length)) throw new PickleError('it ends too early');
    this.#at += count;
    return this.#bytes.subarray(this.#at - count, this.#at);
  }

  #integer(width: 1 | 2 | 4): number {
    this.#take(width);
    const at = this.#at - width;
    if (width === 1) return this.#view.getUint8(at);
    return width === 2 ? this.#view.getUint16(at, true) : this.#view.getUint32(at, true);
  }

  #long(width: number): number {
    const digits = this.#take(width);
    if (width > 6) throw new PickleError('a number is too large');
    let value = 0;
    for (let i = width - 1; i >= 0; i--) value = value * 256 + digits[i]!;
    return width > 0 && digits[width - 1]! >= 128 ? value - 2 ** (8 * width) : value;
  }

  #line(): string {
    const end = this.#bytes.indexOf(10, this.#at);
    if (end < 0) throw new PickleError('it ends too early');
    const text = latin1(this.#take(Math.min(end - this.#at, 200)));
    if (this.#take(1)[0] !== 10) throw new PickleError('a name is too long');
    return text;
  }

  #pop(): Value {
    const value = this.#stack.pop();
    if (!value || value.kind === 'mark') throw new PickleError('its stack is empty');
    return value;
  }

  /** The values above the last mark, which goes too. */
  #toMark(): Value[] {
    const mark = this.#stack.findLastIndex(({ kind }) => kind === 'mark');
    if (mark < 0) throw new PickleError('a mark is missing');
    return this.#stack.splice(mark).slice(1);
  }

  #top(): Value {
    const value = this.#stack.at(-1);
    if (!value) throw new PickleError('its stack is empty');
    return value;
  }

  #append(items: readonly Value[]): void {
    const list = this.#top();
    if (list.kind !== 'list') throw new PickleError('it appends to something that is no list');
    for (const item of items) list.items.push(item);
  }

  #setItems(items: readonly Value[]): void {
    const dictionary = this.#top();
    if (dictionary.kind !== 'dictionary' || items.length % 2 !== 0) {
      throw new PickleError('it sets keys of something that is no dictionary');
    }
    for (let i = 0; i < items.length; i += 2) dictionary.entries.push([items[i]!, items[i + 1]!]);
  }

  #name(text: string): Value {
    if (!ALLOWED_NAMES.has(text)) throw new PickleError('it names code that such a file does not need');
    return { kind: 'name', value: text };
  }

  #remembered(key: number): Value {
    const value = this.#memo.get(key);
    if (!value) throw new PickleError('it refers to nothing');
    return value;
  }

  #tuple(count: number): void {
    const items = Array.from({ length: count }, () => this.#pop()).toReversed();
    this.#stack.push({ kind: 'tuple', items });
  }

  #reduce(): void {
    const parts = this.#pop();
    const callee = this.#pop();
    if (callee.kind !== 'name' || parts.kind !== 'tuple') throw new PickleError('it calls something');
    if (callee.value === '_codecs encode') {
      // Python 3 writes bytes in protocol 2 as latin-1 text with a call to encode it.
      const [text] = parts.items;
      if (text?.kind !== 'bytes') throw new PickleError('it calls something');
      this.#stack.push({ kind: 'bytes', value: Uint8Array.from(utf8(text.value), (c) => c.charCodeAt(0)) });
      return;
    }
    this.#stack.push({ kind: 'object', of: callee.value, parts: parts.items, state: undefined });
  }

  #build(): void {
    const state = this.#pop();
    const target = this.#top();
    if (target.kind !== 'object') throw new PickleError('it sets the state of something plain');
    target.state = state;
  }

  #step(opcode: string): void {
    const push = (value: Value): void => void this.#stack.push(value);
    const bytes = (width: 1 | 2 | 4): void =>
      push({ kind: 'bytes', value: this.#take(this.#integer(width)) });
    const number = (value: number): void => push({ kind: 'number', value });
    switch (opcode) {
      case '\u0080': // PROTO
        if (this.#integer(1) > 4) throw new PickleError('its protocol is too new');
        return;
      case '\u0095': // FRAME
        this.#take(8);
        return;
      case '(':
        return push({ kind: 'mark' });
      case '}':
        return push({ kind: 'dictionary', entries: [] });
      case ']':
        return push({ kind: 'list', items: [] });
      case ')':
        return push({ kind: 'tuple', items: [] });
      case 't':
        return push({ kind: 'tuple', items: this.#toMark() });
      case '\u0085':
        return this.#tuple(1);
      case '\u0086':
        return this.#tuple(2);
      case '\u0087':
        return this.#tuple(3);
      case 'K':
        return number(this.#integer(1));
      case 'M':
        return number(this.#integer(2));
      case 'J':
        return number(this.#integer(4) | 0);
      case '\u008a':
        return number(this.#long(this.#integer(1)));
      case 'N':
        return push({ kind: 'constant', value: undefined });
      case '\u0088':
        return push({ kind: 'constant', value: true });
      case '\u0089':
        return push({ kind: 'constant', value: false });
      case 'U': // SHORT_BINSTRING
      case 'C': // SHORT_BINBYTES
      case '\u008c': // SHORT_BINUNICODE
        return bytes(1);
      case 'T': // BINSTRING
      case 'B': // BINBYTES
      case 'X': // BINUNICODE
        return bytes(4);
      case 'q': // BINPUT
        return void this.#memo.set(this.#integer(1), this.#top());
      case 'r': // LONG_BINPUT
        return void this.#memo.set(this.#integer(4), this.#top());
      case '\u0094': // MEMOIZE
        return void this.#memo.set(this.#memo.size, this.#top());
      case 'h':
        return push(this.#remembered(this.#integer(1)));
      case 'j':
        return push(this.#remembered(this.#integer(4)));
      case 'a':
        return this.#append([this.#pop()]);
      case 'e':
        return this.#append(this.#toMark());
      case 's': {
        const value = this.#pop();
        return this.#setItems([this.#pop(), value]);
      }
      case 'u':
        return this.#setItems(this.#toMark());
      case 'c': {
        const module = this.#line();
        return push(this.#name(`${module} ${this.#line()}`));
      }
      case '\u0093': {
        const [name, module] = [this.#pop(), this.#pop()];
        return push(this.#name(`${text(module)} ${text(name)}`));
      }
      case 'R':
        return this.#reduce();
      case 'b':
        return this.#build();
      default:
        throw new PickleError(`opcode ${opcode.charCodeAt(0)} does not belong in it`);
    }
  }
}

const latin1 = (bytes: Uint8Array): string => Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
const utf8 = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const text = (value: Value | undefined): string | undefined =>
  value?.kind === 'bytes' && value.value.length < 100 ? latin1(value.value) : undefined;
const numbers = (value: Value | undefined): number[] | undefined =>
  value?.kind === 'list' || value?.kind === 'tuple'
    ? value.items.map((item) => (item.kind === 'number' ? item.value : Number.NaN))
    : undefined;

function toBatch(root: Value): PickledBatch | string {
  if (root.kind !== 'dictionary') return 'it is no dictionary';
  const entry = (key: string): Value | undefined => root.entries.find(([name]) => text(name) === key)?.[1];
  const labels = numbers(entry('labels'));
  if (!labels) return 'it has no list of labels';
  const array = entry('data');
  if (array?.kind !== 'object' || !array.of.endsWith('_reconstruct') || array.state?.kind !== 'tuple') {
    return 'its data are no array';
  }
  const [version, shape, type, isFortran, data] = array.state.items;
  const typeName = type?.kind === 'object' && type.of === 'numpy dtype' ? text(type.parts[0]) : undefined;
  const extents = numbers(shape);
  if (
    version?.kind !== 'number' ||
    typeName !== 'u1' ||
    isFortran?.kind !== 'constant' ||
    isFortran.value !== false ||
    data?.kind !== 'bytes' ||
    extents?.length !== 2
  ) {
    return 'its data are no plain array of bytes';
  }
  if (extents[1] !== PIXELS || extents[0] !== labels.length || data.value.length !== labels.length * PIXELS) {
    return `its ${labels.length} labels do not fit data of shape ${extents.join(' x ')} with ${data.value.length} bytes`;
  }
  return { labels, data: data.value };
}
