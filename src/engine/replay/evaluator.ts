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
import { PiecewiseTask } from './piecewiseTask.ts';
import { StepPacer } from './stepPacer.ts';
import { cancellation, type SubmissionQueue } from './submissionQueue.ts';
import { recordEvaluation } from './trainingGraph.ts';

/** Images of one evaluation batch: enough to occupy a GPU. */
const BATCH = 64;
/** Batches that one submission may hold. */
const MOST_BATCHES = 32;

interface Parts {
  readonly context: GpuContext;
  /** Whose state it evaluates, for the queue. */
  readonly owner: object;
  readonly submissions: SubmissionQueue;
  readonly config: EngineConfig;
  readonly dataset: DatasetBuffers;
  readonly pool: BufferPool;
  readonly model: ModelBuffers;
  readonly choose: ChooseVariant;
}

/** The recorded forward pass over one half. */
interface HalfRecording {
  readonly batch: Recording;
  readonly pacer: StepPacer;
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
    const { context, owner, submissions, dataset } = this.#parts;
    const available = dataset[half].count;
    if (!(count >= 1 && count <= available)) {
      throw new RangeError(`evaluate: ${count} images; the ${half} half has ${available}`);
    }
    const { batch, pacer, results, staging } = await this.#recorded(half);
    signal?.throwIfAborted();
    context.check();
    const { device } = context;
    const rounds = Math.ceil(count / BATCH);
    const task = new PiecewiseTask({
      context,
      owner,
      doing: 'evaluation',
      isPaced: true,
      rounds,
      dispatchCount: batch.dispatchCount,
      pacer,
      submit: ({ from, to, rounds: together }, round, isLast) => {
        if (round === 0 && from === 0) upload(context, this.#cursor, Uint32Array.of(0, count));
        const encoder = device.createCommandEncoder({ label: 'evaluation' });
        const pass = encoder.beginComputePass({ label: 'evaluation' });
        for (let i = 0; i < together; i++) batch.encode(pass, from, to);
        pass.end();
        if (isLast) encoder.copyBufferToBuffer(results, 0, staging, 0, count * RESULT_WORDS * 4);
        device.queue.submit([encoder.finish()]);
      },
    });
    const abort = (): void => submissions.cancel((other) => other === task);
    signal?.addEventListener('abort', abort);
    submissions.add(task);
    const completed = await task.submitted.finally(() => signal?.removeEventListener('abort', abort));
    signal?.throwIfAborted();
    if (completed < rounds) throw cancellation();
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
    const { results, staging } = built;
    const batch = await inErrorScopes(context, 'preparing the evaluation', () =>
      record(context, cache, built.dispatches),
    );
    const recorded = { batch, pacer: new StepPacer(batch.dispatchCount, MOST_BATCHES), results, staging };
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
