import type { Dispatch } from '#gpu/command.ts';
import {
  LARGEST_WORDS,
  layerPartsSize,
  layerRow,
  largestMagnitudes,
  MOST_MAPS,
  rememberFilters,
  ROW_MEASURES,
  type FilterRange,
  type LayerMap,
  type StatisticsTuning,
} from '#kernels/layerStatistics/kernel.ts';
import { convNorms, type NetworkSpec } from '#domain/resnet.ts';
import type { BufferPool } from './bufferPool.ts';
import type { ModelBuffers } from './normLayers.ts';
import type { LayerOutput } from './trainingGraph.ts';

/** Sampled steps that the ring on the GPU holds. */
export const HISTORY_ROWS = 200;

/** Dispatches that a sampled step runs between two of its own. */
export interface Splice {
  /** The dispatch of the step that they follow. */
  readonly after: Dispatch;
  readonly dispatches: readonly Dispatch[];
}

/** What a sampled step does beyond a step. */
export interface LayerMeasurements {
  /** Names of the convolutions, in order of the forward pass. */
  readonly layers: readonly string[];
  /** Steps between samples: steps 0, `every`, 2 `every`, … are sampled. */
  readonly every: number;
  /** `[HISTORY_ROWS, layers, ROW_MEASURES]` f32; step `s` has row `s / every % HISTORY_ROWS`. */
  readonly ring: GPUBuffer;
  /** Collects what a step measures; zeros between two steps. */
  readonly largest: GPUBuffer;
  /** In the order of the step. */
  readonly splices: readonly Splice[];
}

/**
 * Collects what to measure while a step is recorded. Nothing of the step itself depends on it: measurements
 * only read what the step has written, at places where it is still there.
 */
export class LayerMeasurementsBuilder {
  readonly #options: MeasurementOptions;
  readonly #layers: string[];
  readonly #largest: GPUBuffer;
  readonly #splices: Splice[] = [];
  /** Observed, and not yet measured. */
  #maps: LayerMap[] = [];
  #after: Dispatch | undefined;
  #eps: number | undefined;

  /** @throws {RangeError} when `every` is no positive integer. */
  constructor(options: MeasurementOptions) {
    const { network, pool, every } = options;
    if (!(Number.isInteger(every) && every >= 1)) {
      throw new RangeError(`layerSampleEvery is ${every}; it must be a positive number of steps`);
    }
    this.#options = options;
    this.#layers = convNorms(network).map(({ conv }) => conv.name);
    this.#largest = pool.keep('largest values', this.#layers.length * LARGEST_WORDS);
  }

  /** Measures convolutions' outputs and what their normalizations have found, as many as a dispatch can bind. */
  readonly observe = ({ conv, x, size, deviations, after }: LayerOutput): void => {
    this.#eps = deviations?.eps;
    this.#maps.push({ x, size, deviations, layer: this.#layers.indexOf(conv.name) });
    this.#after = after;
    if (this.#maps.length === MOST_MAPS) this.#measureMaps();
  };

  /** Everything observed is still there: it stays until the backward pass. */
  #measureMaps(): void {
    if (!this.#after || this.#maps.length === 0) return;
    const { tuning } = this.#options;
    this.#splices.push({
      after: this.#after,
      dispatches: largestMagnitudes({ layers: this.#maps, largest: this.#largest, tuning }),
    });
    this.#maps = [];
  }

  /**
   * @param beforeUpdate the last dispatch before any parameter changes.
   * @param afterUpdate the last dispatch of the update, with the gradients still there.
   */
  finish(beforeUpdate: Dispatch, afterUpdate: Dispatch): LayerMeasurements {
    this.#measureMaps();
    const { model, pool, every, counter, tuning } = this.#options;
    const { parameters, gradients, parameterTable } = model;
    const filters = this.#layers.map((name): FilterRange => parameterTable.byName.get(`${name}.weight`)!);
    const filterEnd = Math.max(...filters.map(({ offset, size }) => offset + size));
    const size = Math.ceil(filterEnd / 4) * 4;
    const ring = pool.output('layer history', HISTORY_ROWS * this.#layers.length * ROW_MEASURES.length);
    const parts = pool.output('filter norms', layerPartsSize(filters, tuning));
    // Between the two no dispatch of the step uses scratch memory.
    const before = pool.borrow(size);
    pool.giveBack(before);
    this.#splices.push(
      { after: beforeUpdate, dispatches: rememberFilters({ parameters, before, size }) },
      {
        after: afterUpdate,
        dispatches: layerRow({
          filters,
          gradients,
          before,
          after: parameters,
          parts,
          largest: this.#largest,
          eps: this.#eps,
          counter,
          every,
          rows: HISTORY_ROWS,
          ring,
          tuning,
        }),
      },
    );
    return { layers: this.#layers, every, ring, largest: this.#largest, splices: this.#splices };
  }
}

interface MeasurementOptions {
  readonly network: NetworkSpec;
  readonly model: ModelBuffers;
  readonly pool: BufferPool;
  /** Steps between samples. */
  readonly every: number;
  /** `[1]` uint32: the step. */
  readonly counter: GPUBuffer;
  readonly tuning: StatisticsTuning;
}
