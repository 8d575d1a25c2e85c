/** Speed over the last few seconds; a mean over the whole download would hide a connection that slowed. */
const WINDOW_MS = 5000;

export class TransferRate {
  readonly #now: () => number;
  #points: { readonly at: number; readonly bytes: number }[] = [];

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Notes the bytes that are there by now; returns bytes per second, undefined until it is known. */
  note(bytes: number): number | undefined {
    const at = this.#now();
    this.#points.push({ at, bytes });
    // One point older than the window stays, so that the span is a whole window.
    while (this.#points.length > 2 && at - this.#points[1]!.at >= WINDOW_MS) this.#points.shift();
    const first = this.#points[0]!;
    const elapsed = at - first.at;
    return elapsed >= 500 ? ((bytes - first.bytes) / elapsed) * 1000 : undefined;
  }
}
