import type { StepChunk } from '#domain/run.ts';

/** The per-step series of a run. */
export type SeriesName = 'losses' | 'smoothed' | 'learningRates' | 'momenta' | 'elapsedMs' | 'wallMs';

const names: readonly SeriesName[] = [
  'losses',
  'smoothed',
  'learningRates',
  'momenta',
  'elapsedMs',
  'wallMs',
];

const FIRST_CAPACITY = 1024;

/**
 * Everything a run reported per step, entry `i` being step `i`, in plain arrays that grow by doubling.
 * React never sees these values but through the decimated lines of a chart.
 */
export class MetricBuffer {
  #capacity = 0;
  #count = 0;
  #revision = 0;
  readonly #series: Record<SeriesName, Float32Array> = {
    losses: new Float32Array(0),
    smoothed: new Float32Array(0),
    learningRates: new Float32Array(0),
    momenta: new Float32Array(0),
    elapsedMs: new Float32Array(0),
    wallMs: new Float32Array(0),
  };

  /** Steps recorded. */
  get count(): number {
    return this.#count;
  }

  /** Grows when recorded steps were replaced: what was computed from them is out of date. */
  get revision(): number {
    return this.#revision;
  }

  /** The recorded part of a series: a view that the next `append` may leave behind. */
  series(name: SeriesName): Float32Array {
    return this.#series[name].subarray(0, this.#count);
  }

  /** One value; NaN where nothing was recorded. */
  at(name: SeriesName, step: number): number {
    return step >= 0 && step < this.#count ? this.#series[name][step]! : Number.NaN;
  }

  /**
   * Records a chunk at its own steps: steps that were skipped read NaN, and steps that are reported again
   * (a run that went back to a snapshot) replace what was recorded from there on.
   */
  append(chunk: StepChunk): void {
    const end = chunk.firstStep + chunk.losses.length;
    this.#reserve(end);
    if (chunk.firstStep < this.#count) this.#revision += 1;
    for (const name of names) {
      const series = this.#series[name];
      if (chunk.firstStep > this.#count) series.fill(Number.NaN, this.#count, chunk.firstStep);
      const values = chunk[name];
      if (values) series.set(values, chunk.firstStep);
      else series.fill(Number.NaN, chunk.firstStep, end);
    }
    this.#count = end;
  }

  /** A copy that does not grow. */
  snapshot(): MetricBuffer {
    const copy = new MetricBuffer();
    if (this.#count === 0) return copy;
    const [losses, smoothed, learningRates, momenta, elapsedMs, wallMs] = names.map((name) =>
      this.series(name),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array, Float32Array, Float32Array]; // as in `names`
    copy.append({ firstStep: 0, losses, smoothed, learningRates, momenta, elapsedMs, wallMs });
    return copy;
  }

  /** Forgets everything from a step on. */
  truncate(step: number): void {
    if (step >= this.#count) return;
    this.#count = step;
    this.#revision += 1;
  }

  #reserve(count: number): void {
    if (count <= this.#capacity) return;
    this.#capacity = Math.max(FIRST_CAPACITY, this.#capacity);
    while (this.#capacity < count) this.#capacity *= 2;
    for (const name of names) {
      const grown = new Float32Array(this.#capacity);
      grown.set(this.#series[name]);
      this.#series[name] = grown;
    }
  }
}
