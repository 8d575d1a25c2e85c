import type { LayerHistory } from '#domain/layerHistory.ts';
import { download } from '#gpu/buffers.ts';
import type { Dispatch } from '#gpu/command.ts';
import type { GpuContext } from '#gpu/device.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record, type Recording } from '#gpu/replay.ts';
import { ROW_MEASURES } from '#kernels/layerStatistics/kernel.ts';
import { HISTORY_ROWS, type LayerMeasurements } from './layerMeasurements.ts';
import type { BufferPart } from './stagingRing.ts';

/** Of a layer's measures. */
const GRADIENT_AT = ROW_MEASURES.indexOf('gradientNorm');

/** Dispatches `from` to `to` of the measurements follow dispatch `at` of the step. */
interface Insertion {
  readonly at: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Encodes sampled steps, and reads back what they measured. The measurements are a recording of their own,
 * inserted between ranges of the step's: sampled or not, a step runs the very same dispatches.
 */
export class LayerRecorder {
  readonly #context: GpuContext;
  readonly #measurements: LayerMeasurements;
  readonly #step: Recording;
  readonly #extra: Recording;
  readonly #insertions: readonly Insertion[];
  /** Steps sampled since `restart`, oldest first, as many as the ring holds. */
  #sampled: number[] = [];

  /**
   * @param dispatches the step as data, which `step` is the recording of; the pipelines of `measurements` are
   * compiled. Not owned: `step`.
   */
  constructor(
    context: GpuContext,
    measurements: LayerMeasurements,
    dispatches: readonly Dispatch[],
    step: Recording,
  ) {
    this.#context = context;
    this.#measurements = measurements;
    this.#step = step;
    let from = 0;
    this.#insertions = measurements.splices.map(({ after, dispatches: inserted }) => {
      const insertion = { at: dispatches.indexOf(after), from, to: from + inserted.length };
      from = insertion.to;
      return insertion;
    });
    const extra = measurements.splices.flatMap((splice) => splice.dispatches);
    this.#extra = record(context, pipelineCache(context), extra);
  }

  get uniformBytes(): number {
    return this.#extra.uniformBytes;
  }

  /** Encodes dispatches `from` to `to` of a step, with the measurements that follow them when it is sampled. */
  encode(pass: GPUComputePassEncoder, step: number, from = 0, to = this.#step.dispatchCount): void {
    let next = from;
    if (step % this.#measurements.every === 0) {
      for (const insertion of this.#insertions) {
        if (insertion.at < from || insertion.at >= to) continue;
        this.#step.encode(pass, next, insertion.at + 1);
        this.#extra.encode(pass, insertion.from, insertion.to);
        next = insertion.at + 1;
      }
    }
    this.#step.encode(pass, next, to);
  }

  /** Call when the commands of steps `first` to `first + count - 1` were submitted. */
  submitted(first: number, count: number): void {
    for (let step = first; step < first + count; step++) {
      if (step % this.#measurements.every === 0) this.#sampled.push(step);
    }
    this.#sampled = this.#sampled.slice(-HISTORY_ROWS);
  }

  /** Bytes of `rows` for at most `count` steps. */
  rowsSize(count: number): number {
    const { every } = this.#measurements;
    return Math.min(HISTORY_ROWS, Math.ceil(count / every)) * this.#rowBytes;
  }

  /** The ring's rows of what was sampled in steps `first` to `first + count - 1`, oldest first. */
  rows(first: number, count: number): readonly BufferPart[] {
    const { every, ring } = this.#measurements;
    const parts: BufferPart[] = [];
    for (const step of this.#lastSampled(first, count)) {
      const offset = ((step / every) % HISTORY_ROWS) * this.#rowBytes;
      const last = parts.at(-1);
      if (last && last.offset + last.byteLength === offset) {
        parts[parts.length - 1] = { ...last, byteLength: last.byteLength + this.#rowBytes };
      } else parts.push({ buffer: ring, offset, byteLength: this.#rowBytes });
    }
    return parts;
  }

  /** Norm of the gradient of all filters together at each of these steps; NaN where none was sampled. */
  gradientNorms(rows: Float32Array, first: number, count: number): Float32Array {
    const norms = new Float32Array(count).fill(Number.NaN);
    const width = this.#rowBytes / 4;
    for (const [i, step] of this.#lastSampled(first, count).entries()) {
      let squares = 0;
      for (let at = i * width + GRADIENT_AT; at < (i + 1) * width; at += ROW_MEASURES.length) {
        squares += rows[at]! ** 2;
      }
      norms[step - first] = Math.sqrt(squares);
    }
    return norms;
  }

  get #rowBytes(): number {
    return this.#measurements.layers.length * ROW_MEASURES.length * 4;
  }

  /** As many as the ring still holds. */
  #lastSampled(first: number, count: number): readonly number[] {
    const { every } = this.#measurements;
    const begin = Math.ceil(first / every) * every;
    const steps = Array.from(
      { length: Math.max(0, Math.ceil((first + count - begin) / every)) },
      (_, i) => begin + i * every,
    );
    return steps.slice(-HISTORY_ROWS);
  }

  /** Forgets what the first dispatches of a step have measured. */
  undo(encoder: GPUCommandEncoder): void {
    encoder.clearBuffer(this.#measurements.largest);
  }

  /** Forgets all samples: the next step belongs to another history. */
  restart(): void {
    this.#sampled = [];
  }

  /** The samples of every step submitted before the call. */
  async read(): Promise<LayerHistory> {
    const { layers, every, ring } = this.#measurements;
    const steps = this.#sampled;
    const rows = new Float32Array(await download(this.#context, ring));
    const measure = (at: number): Float32Array =>
      Float32Array.from({ length: steps.length * layers.length }, (_, i) => {
        const row = (steps[Math.floor(i / layers.length)]! / every) % HISTORY_ROWS;
        return rows[(row * layers.length + (i % layers.length)) * ROW_MEASURES.length + at]!;
      });
    const [gradientNorm, relativeUpdate, largestActivation, smallestDeviation] = ROW_MEASURES.map((_, at) =>
      measure(at),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    return { steps, layers, gradientNorm, relativeUpdate, largestActivation, smallestDeviation };
  }

  /** Frees the uniform buffer; the ring belongs to the pool. */
  dispose(): void {
    this.#extra.dispose();
  }
}
