interface Segment {
  readonly order: Uint32Array;
  readonly firstStep: number;
  /** One past its last whole step. */
  readonly endStep: number;
}

/** The training images of coming steps, in segments such as epochs; later segments override earlier ones. */
export class OrderQueue {
  readonly #batchSize: number;
  readonly #imageCount: number;
  #segments: readonly Segment[] = [];

  constructor(batchSize: number, imageCount: number) {
    this.#batchSize = batchSize;
    this.#imageCount = imageCount;
  }

  /**
   * @param order indices of training images, copied; a rest shorter than a batch is not used.
   * @param issued steps done so far; segments that end before it are dropped.
   * @throws {RangeError} when an index is not an image.
   */
  set(order: Uint32Array, firstStep: number, issued: number): void {
    const wrong = order.find((index) => index >= this.#imageCount);
    if (wrong !== undefined) {
      throw new RangeError(`setOrder: image ${wrong} of a training set of ${this.#imageCount}`);
    }
    const endStep = firstStep + Math.floor(order.length / this.#batchSize);
    const current = this.#segments.filter((segment) => segment.endStep > issued);
    this.#segments = [{ order: order.slice(), firstStep, endStep }, ...current];
  }

  /** @throws {RangeError} when no segment covers `step`. */
  indices(step: number): Uint32Array {
    const segment = this.#segments.find(({ firstStep, endStep }) => firstStep <= step && step < endStep);
    if (!segment) throw new RangeError(`No order was set for step ${step}`);
    const start = (step - segment.firstStep) * this.#batchSize;
    return segment.order.subarray(start, start + this.#batchSize);
  }

  clear(): void {
    this.#segments = [];
  }
}
