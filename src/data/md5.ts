/**
 * MD5, because that is what the CIFAR archives were published with; it guards against broken downloads,
 * not against forgery.
 *
 * Source: RFC 1321, sections 3.1 to 3.5.
 */
const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
// The RFC's table: the integer parts of 2^32 |sin(i + 1)|. Engines may differ in a sine's last bit, far behind
// the 32 that are used.
const T = Int32Array.from({ length: 64 }, (_, i) => Math.floor(Math.abs(Math.sin(i + 1)) * 0x100000000));
const X = new Int32Array(16);

function compress(state: Int32Array, data: Uint8Array, at: number): void {
  for (let i = 0; i < 16; i++) {
    const p = at + 4 * i;
    X[i] = data[p]! | (data[p + 1]! << 8) | (data[p + 2]! << 16) | (data[p + 3]! << 24);
  }
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  for (let i = 0; i < 64; i++) {
    const round = i >> 4;
    let mixed: number;
    let word: number;
    if (round === 0) {
      mixed = d ^ (b & (c ^ d));
      word = i;
    } else if (round === 1) {
      mixed = c ^ (d & (b ^ c));
      word = (5 * i + 1) & 15;
    } else if (round === 2) {
      mixed = b ^ c ^ d;
      word = (3 * i + 5) & 15;
    } else {
      mixed = c ^ (b | ~d);
      word = (7 * i) & 15;
    }
    const sum = (a + mixed + T[i]! + X[word]!) | 0;
    const shift = SHIFTS[4 * round + (i & 3)]!;
    a = d;
    d = c;
    c = b;
    b = (b + ((sum << shift) | (sum >>> (32 - shift)))) | 0;
  }
  state[0] = (state[0]! + a) | 0;
  state[1] = (state[1]! + b) | 0;
  state[2] = (state[2]! + c) | 0;
  state[3] = (state[3]! + d) | 0;
}

/** Hashes bytes as they come. */
export class Md5 {
  readonly #state = new Int32Array([0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476]);
  readonly #block = new Uint8Array(64);
  #filled = 0;
  #length = 0;

  update(data: Uint8Array): this {
    let at = 0;
    this.#length += data.length;
    if (this.#filled > 0) {
      at = Math.min(64 - this.#filled, data.length);
      this.#block.set(data.subarray(0, at), this.#filled);
      this.#filled += at;
      if (this.#filled < 64) return this;
      compress(this.#state, this.#block, 0);
      this.#filled = 0;
    }
    for (; at + 64 <= data.length; at += 64) compress(this.#state, data, at);
    this.#block.set(data.subarray(at));
    this.#filled = data.length - at;
    return this;
  }

  /** Ends the message; hexadecimal. The object is spent. */
  hex(): string {
    const block = this.#block;
    block[this.#filled] = 0x80;
    block.fill(0, this.#filled + 1);
    if (this.#filled >= 56) {
      compress(this.#state, block, 0);
      block.fill(0);
    }
    const view = new DataView(block.buffer);
    view.setUint32(56, (this.#length << 3) >>> 0, true);
    view.setUint32(60, Math.floor(this.#length / 0x20000000), true);
    compress(this.#state, block, 0);
    const bytes = new Uint8Array(this.#state.buffer);
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
  }
}
