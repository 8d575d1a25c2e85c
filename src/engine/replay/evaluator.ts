import { inErrorScopes, mapForReading, upload } from '#gpu/buffers.ts';
import type { GpuContext } from '#gpu/device.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record, type Recording } from '#gpu/replay.ts';
import { advanceCounter, gatherEvaluation } from '#kernels/gather/kernel.ts';
import { RESULT_WORDS } from '#kernels/head/kernel.ts';
import { mapTuning } from '#kernels/shared/maps.ts';
import { filterTuning } from '#kernels/weightStandardization/table.ts';
import type { EngineConfig, Evaluation } from '../engine.ts';
import { BufferPool } from './bufferPool.ts';
import { createConvolutions, type ChooseVariant } from './convolutions.ts';
import type { DatasetBuffers } from './datasetBuffers.ts';
import { createNormLayer, type ModelBuffers } from './normLayers.ts';
import { recordEvaluation } from './trainingGraph.ts';

/** Images of one evaluation batch: enough to occupy a GPU, few enough for a short submission. */
const BATCH = 64;
const TARGET_MS = 50;

interface Parts {
  readonly context: GpuContext;
  readonly config: EngineConfig;
  readonly dataset: DatasetBuffers;
  readonly pool: BufferPool;
  readonly model: ModelBuffers;
  readonly choose: ChooseVariant;
}

/** The recorded forward pass over one half. */
interface HalfRecording {
  readonly batch: Recording;
  readonly results: GPUBuffer;
  readonly staging: GPUBuffer;
}

/**
 * Evaluation mode: running statistics, no augmentation, a batch size of its own (in evaluation mode the
 * result does not depend on it). Scratch memory is borrowed from the training step, which rests meanwhile.
 */
export class Evaluator {
  readonly #parts: Parts;
  readonly #cursor: GPUBuffer;
  readonly #halves = new Map<'train' | 'valid', HalfRecording>();
  #pending: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#cursor = parts.pool.keep('evaluation cursor', 2);
  }

  get byteLength(): number {
    let sum = 0;
    for (const { batch, staging } of this.#halves.values()) {
      sum += batch.uniformBytes + staging.size;
    }
    return sum;
  }

  /** One evaluation at a time: a second call waits for the first, since both use the same buffers. */
  async evaluate(half: 'train' | 'valid', count: number, signal?: AbortSignal): Promise<Evaluation> {
    const previous = this.#pending;
    const result = (async () => {
      await previous.catch(() => undefined);
      return this.#evaluate(half, count, signal);
    })();
    this.#pending = result;
    return result;
  }

  async #evaluate(half: 'train' | 'valid', count: number, signal?: AbortSignal): Promise<Evaluation> {
    const { context, dataset } = this.#parts;
    const available = dataset[half].count;
    if (!(count >= 1 && count <= available)) {
      throw new RangeError(`evaluate: ${count} images; the ${half} half has ${available}`);
    }
    const { batch, results, staging } = await this.#recorded(half);
    const { device } = context;
    upload(context, this.#cursor, Uint32Array.of(0, count));
    const batches = Math.ceil(count / BATCH);
    let perSubmit = 1;
    for (let done = 0; done < batches;) {
      signal?.throwIfAborted();
      context.check();
      const group = Math.min(perSubmit, batches - done);
      done += group;
      const started = performance.now();
      await inErrorScopes(context, 'evaluation', () => {
        const encoder = device.createCommandEncoder({ label: 'evaluation' });
        const pass = encoder.beginComputePass({ label: 'evaluation' });
        for (let i = 0; i < group; i++) batch.encode(pass);
        pass.end();
        if (done === batches) {
          encoder.copyBufferToBuffer(results, 0, staging, 0, count * RESULT_WORDS * 4);
        }
        device.queue.submit([encoder.finish()]);
      });
      await device.queue.onSubmittedWorkDone();
      const perBatch = (performance.now() - started) / group;
      perSubmit = Math.max(1, Math.min(32, Math.floor(TARGET_MS / perBatch)));
    }
    signal?.throwIfAborted();
    await mapForReading(context, staging);
    const bytes = staging.getMappedRange(0, count * RESULT_WORDS * 4).slice(0);
    staging.unmap();
    return summarize(bytes, count);
  }

  async #recorded(half: 'train' | 'valid'): Promise<HalfRecording> {
    const existing = this.#halves.get(half);
    if (existing) return existing;
    const { context, config, dataset, pool, model, choose } = this.#parts;
    const { network, norm, ws } = config;
    const { info } = config.dataset;
    const tuning = mapTuning(context.adapter.isFallback);
    const source = dataset[half];
    const built = await inErrorScopes(context, 'allocating the evaluation', () => {
      const results = pool.keep(`${half} results`, source.count * RESULT_WORDS);
      const images = pool.borrow(BATCH * network.imageSize ** 2 * 3);
      const labels = pool.borrow(BATCH);
      const logits = pool.borrow(BATCH * network.classes);
      const convolutions = createConvolutions({
        network,
        batch: BATCH,
        ws,
        model,
        pool,
        choose,
        filterTuning: filterTuning(context.adapter.isFallback),
        forTraining: false,
      });
      const dispatches = [
        ...gatherEvaluation({
          source,
          batch: BATCH,
          mean: info.mean,
          deviation: info.deviation,
          x: images,
          labels,
          cursor: this.#cursor,
        }),
        ...recordEvaluation(
          {
            network,
            batch: BATCH,
            model,
            pool,
            convolutions,
            tuning,
            norm: (spec) => createNormLayer(norm, spec, { model, pool, batch: BATCH, tuning }),
          },
          images,
          { labels, logits, results, counter: this.#cursor },
        ),
        ...advanceCounter(this.#cursor, BATCH),
      ];
      pool.giveBack(images, labels, logits);
      const staging = context.device.createBuffer({
        label: `${half} results read-back`,
        size: results.size,
        usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
      });
      return { dispatches, results, staging };
    });
    const cache = pipelineCache(context);
    await cache.compile(built.dispatches.map(({ shader }) => shader));
    const recorded = await inErrorScopes(context, 'preparing the evaluation', () => ({
      batch: record(context, cache, built.dispatches),
      results: built.results,
      staging: built.staging,
    }));
    this.#halves.set(half, recorded);
    return recorded;
  }

  dispose(): void {
    for (const { batch, staging } of this.#halves.values()) {
      batch.dispose();
      staging.destroy();
    }
    this.#halves.clear();
  }
}

function summarize(bytes: ArrayBuffer, count: number): Evaluation {
  const floats = new Float32Array(bytes);
  const integers = new Uint32Array(bytes);
  const losses = Float32Array.from({ length: count }, (_, i) => floats[i * RESULT_WORDS]!);
  let loss = 0;
  let correct = 0;
  for (let i = 0; i < count; i++) {
    loss += losses[i]!;
    correct += integers[i * RESULT_WORDS + 1]!;
  }
  return { loss: loss / count, accuracy: correct / count, count, losses };
}
