import { inErrorScopes, mapForReading, upload } from '#gpu/buffers.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { RESULT_WORDS } from '#kernels/head/kernel.ts';
import type { Evaluation } from '../engine.ts';
import {
  buildEvaluation,
  prepareEvaluation,
  type EvaluationParts,
  type HalfRecording,
} from './evaluationRecording.ts';
import { PiecewiseTask } from './piecewiseTask.ts';
import { cancellation, type SubmissionQueue } from './submissionQueue.ts';

interface Parts extends EvaluationParts {
  /** Whose state it evaluates, for the queue. */
  readonly owner: object;
  readonly submissions: SubmissionQueue;
  /** The validation half, compiled and allocated before the first step; the other follows when it is asked for. */
  readonly valid: HalfRecording;
}

/**
 * Evaluation mode: running statistics, no augmentation, a batch size of its own (in evaluation mode the
 * result does not depend on it).
 */
export class Evaluator {
  readonly #parts: Parts;
  readonly #halves: Map<'train' | 'valid', HalfRecording>;
  #pending: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#halves = new Map([['valid', parts.valid]]);
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
    const { context, owner, submissions, dataset, cursor } = this.#parts;
    const available = dataset[half].count;
    if (!(count >= 1 && count <= available)) {
      throw new RangeError(`evaluate: ${count} images; the ${half} half has ${available}`);
    }
    const { batch, batchSize, pacer, results, staging } = await this.#recorded(half);
    signal?.throwIfAborted();
    context.check();
    const { device } = context;
    const rounds = Math.ceil(count / batchSize);
    const task = new PiecewiseTask({
      context,
      owner,
      doing: 'evaluation',
      isPaced: true,
      rounds,
      dispatchCount: batch.dispatchCount,
      pacer,
      submit: ({ from, to, rounds: together }, round, isLast) => {
        if (round === 0 && from === 0) upload(context, cursor, Uint32Array.of(0, count));
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
    const { context } = this.#parts;
    const plan = await inErrorScopes(context, 'allocating the evaluation', () =>
      buildEvaluation(this.#parts, half),
    );
    await pipelineCache(context).compile(plan.dispatches.map(({ shader }) => shader));
    const recorded = await inErrorScopes(context, 'preparing the evaluation', () =>
      prepareEvaluation(context, plan),
    );
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
