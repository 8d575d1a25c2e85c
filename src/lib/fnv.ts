/**
 * 32-bit FNV-1a over bytes: tells values apart for people and programs that mean well. Not against tampering.
 * Source: Fowler, Noll and Vo, http://www.isthe.com/chongo/tech/comp/fnv/.
 */
export class Fnv1a {
  #hash = 0x811c9dc5;

  update(bytes: ArrayLike<number>): this {
    let hash = this.#hash;
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    this.#hash = hash;
    return this;
  }

  /** Eight hexadecimal digits of all bytes so far. */
  hex(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, '0');
  }
}
