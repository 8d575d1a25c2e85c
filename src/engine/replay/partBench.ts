import { bufferTable, convNorms, parameterTable } from '#domain/resnet.ts';
import { inErrorScopes } from '#gpu/buffers.ts';
import type { Dispatch } from '#gpu/command.ts';
import type { GpuContext } from '#gpu/device.ts';
import { headTraining, RESULT_WORDS } from '#kernels/head/kernel.ts';
import { momentCount, optimizerStep, SCHEDULE_ROW } from '#kernels/optimizer/kernel.ts';
import { mapSize, type MapTuning } from '#kernels/shared/maps.ts';
import { filterGradients } from '#kernels/weightStandardization/kernel.ts';
import type { FilterTuning, PartialPlace } from '#kernels/weightStandardization/table.ts';
import { updateStandardized } from '#kernels/weightStandardization/update.ts';
import { BufferPool } from './bufferPool.ts';
import { fastest } from './contest.ts';
import { placeFilters } from './convolutions.ts';
import { createNormLayer, type ModelBuffers } from './normLayers.ts';
import { classifierSlices, featureShape } from './trainingGraph.ts';
import {
  defaultTunings,
  tuningName,
  type ChooseVariant,
  type KernelTunings,
  type TunedPart,
  type TunedRun,
} from './tunings.ts';

const DOING = 'measuring kernels';

/** The kernels of a training step beside the convolutions, on buffers of their own that hold zeros. */
export class PartBench {
  readonly #context: GpuContext;
  readonly #run: TunedRun;
  readonly #pool: BufferPool;
  readonly #model: ModelBuffers;
  readonly #places: readonly PartialPlace[];
  readonly #partials: GPUBuffer;
  readonly #moments: readonly GPUBuffer[];
  readonly #schedule: GPUBuffer;
  readonly #counter: GPUBuffer;
  readonly #labels: GPUBuffer;
  readonly #ring: GPUBuffer;

  private constructor(context: GpuContext, run: TunedRun, pool: BufferPool, conv: ChooseVariant) {
    const { network, norm, ws, batchSize, optimizer } = run;
    const table = parameterTable(network, norm);
    const packed = (label: string): GPUBuffer => pool.keep(`tuning ${label}`, table.packedSize);
    const parameters = packed('parameters');
    this.#context = context;
    this.#run = run;
    this.#pool = pool;
    this.#model = {
      parameterTable: table,
      bufferTable: bufferTable(network, norm),
      parameters,
      gradients: packed('gradients'),
      running: pool.keep('tuning running statistics', bufferTable(network, norm).packedSize),
      filters: ws ? packed('standardized filters') : parameters,
    };
    const { places, size } = placeFilters(network, batchSize, table, conv);
    this.#places = places;
    this.#partials = pool.keep('tuning partials', size);
    this.#moments = Array.from({ length: momentCount(optimizer) }, (_, i) => packed(`moment ${i + 1}`));
    this.#schedule = pool.keep('tuning schedule', SCHEDULE_ROW);
    this.#counter = pool.keep('tuning counter', 1);
    this.#labels = pool.keep('tuning labels', batchSize);
    this.#ring = pool.keep('tuning losses', RESULT_WORDS);
  }

  /**
   * @param conv the tiles that are chosen already: they decide how many partial gradients there are to add up.
   * @throws {GpuError} when the buffers do not fit: those of the training step would not either.
   */
  static async open(context: GpuContext, run: TunedRun, conv: ChooseVariant): Promise<PartBench> {
    const pool = new BufferPool(context);
    try {
      return await inErrorScopes(context, DOING, () => new PartBench(context, run, pool, conv));
    } catch (error) {
      pool.dispose();
      throw error;
    }
  }

  /** Name of the winner among the candidates, as `fastest` finds it. */
  fastest({ part, key, candidates }: TunedPart, deadline: number): Promise<string | undefined> {
    const defaults = defaultTunings(this.#context.adapter.isFallback);
    const entrants = candidates.map((candidate) => ({
      name: tuningName(part, candidate),
      // What is not yet there is allocated now.
      dispatches: () =>
        inErrorScopes(this.#context, DOING, () => this.#dispatches(part, { ...defaults, ...candidate })),
    }));
    return fastest(this.#context, key, entrants, deadline);
  }

  #dispatches(part: TunedPart['part'], tunings: KernelTunings): Dispatch[] {
    const record: Record<typeof part, () => Dispatch[]> = {
      norm: () => this.#layers(tunings),
      relu: () => this.#layers(tunings),
      head: () => this.#head(tunings.head),
      filters: () => this.#filters(tunings.filters),
      optimizer: () => optimizerStep({ ...this.#update(), tuning: tunings.optimizer }),
    };
    return record[part]();
  }

  /** One layer of each stage, forward and backward: every stage has as many. */
  #layers(tunings: KernelTunings): Dispatch[] {
    const { network, norm, batchSize: batch } = this.#run;
    const pool = this.#pool;
    const stages = new Map(convNorms(network).map(({ norm: spec }) => [spec.size, spec]));
    return Array.from(stages.values(), (spec) => {
      const size = mapSize({ batch, pixels: spec.size ** 2, channels: spec.channels });
      const [x, dy] = [pool.borrow(size), pool.borrow(size)];
      const layer = createNormLayer(norm, spec, { model: this.#model, pool, batch, tunings });
      const forward = layer.training({ x, relu: true });
      const backward = layer.backward({ x, y: forward.y, dy, relu: true }, false);
      pool.giveBack(x, dy, forward.y, backward.dx);
      return [...forward.dispatches, ...backward.dispatches];
    }).flat();
  }

  #head(tuning: MapTuning): Dispatch[] {
    const { network, batchSize: batch } = this.#run;
    const pool = this.#pool;
    const shape = featureShape(network, batch);
    const features = pool.borrow(mapSize(shape));
    const dFeatures = pool.borrow(mapSize(shape));
    const pooled = pool.borrow(batch * network.features);
    const logits = pool.borrow(batch * network.classes);
    const dLogits = pool.borrow(batch * network.classes);
    const results = pool.borrow(batch * RESULT_WORDS);
    const dispatches = headTraining({
      shape,
      tuning,
      classes: network.classes,
      features,
      parameters: classifierSlices(this.#model, this.#model.parameters),
      gradients: classifierSlices(this.#model, this.#model.gradients),
      labels: this.#labels,
      logits,
      results,
      pooled,
      dLogits,
      dFeatures,
      counter: this.#counter,
      ring: this.#ring,
      ringSize: 1,
    });
    pool.giveBack(features, dFeatures, pooled, logits, dLogits, results);
    return dispatches;
  }

  #filters(tuning: FilterTuning): Dispatch[] {
    const partials = { buffer: this.#partials };
    if (this.#run.ws) {
      return updateStandardized({
        ...this.#update(),
        gradientEvery: 0,
        filters: this.#places,
        partials,
        standardized: this.#model.filters,
        tuning,
      });
    }
    return filterGradients(this.#places, { partials, gradient: { buffer: this.#model.gradients } }, tuning);
  }

  #update() {
    const { parameterTable: table, parameters, gradients } = this.#model;
    return {
      optimizer: this.#run.optimizer,
      packedSize: table.packedSize,
      weightDecay: 0,
      parameters,
      gradients,
      moments: this.#moments,
      schedule: this.#schedule,
      counter: this.#counter,
    };
  }

  dispose(): void {
    this.#pool.dispose();
  }
}
