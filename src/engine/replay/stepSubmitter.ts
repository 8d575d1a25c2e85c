import type { GpuContext } from '#gpu/device.ts';
import type { Recording } from '#gpu/replay.ts';
import { RESULT_WORDS } from '#kernels/head/kernel.ts';
import type { StepResults } from '../engine.ts';
import type { BufferPool } from './bufferPool.ts';
import type { LayerRecorder } from './layerRecorder.ts';
import { PiecewiseTask } from './piecewiseTask.ts';
import type { ScheduleWindow } from './scheduleWindow.ts';
import { StagingRing } from './stagingRing.ts';
import { StepPacer, type Piece } from './stepPacer.ts';
import { cancellation, type SubmissionQueue } from './submissionQueue.ts';
import { RING_SIZE, type StepParts } from './trainingStep.ts';

/** Of the ring of losses. */
const RING_BYTES = RING_SIZE * RESULT_WORDS * 4;

export interface StepSubmitterParts {
  readonly context: GpuContext;
  /** Whose steps they are, for the queue. */
  readonly owner: object;
  readonly submissions: SubmissionQueue;
  readonly pool: BufferPool;
  readonly schedule: ScheduleWindow;
  readonly step: StepParts;
  readonly recording: Recording;
  readonly layerRecorder: LayerRecorder | undefined;
  readonly isGentle: boolean;
}

/**
 * Submits training steps, several at once or one in pieces, and reads their results back. Parameters, moments
 * and the step counter change at the end of a step, in one piece; the running statistics change in the forward
 * pass, so a step in pieces begins with a copy of them, to go back to when its other pieces are cancelled.
 */
export class StepSubmitter {
  /** First step that was not issued. */
  next = 0;
  readonly #parts: StepSubmitterParts;
  readonly #staging: StagingRing;
  readonly #pacer: StepPacer;
  readonly #runningBefore: GPUBuffer | undefined;

  constructor(parts: StepSubmitterParts) {
    const { context, pool, step, recording, layerRecorder, isGentle } = parts;
    const { bufferTable } = step.model;
    this.#parts = parts;
    this.#staging = new StagingRing(context, RING_BYTES + (layerRecorder?.rowsSize(RING_SIZE) ?? 0));
    this.#pacer = new StepPacer(recording.dispatchCount, RING_SIZE, step.commit);
    if (isGentle && bufferTable.packedSize > 0) {
      this.#runningBefore = pool.output('running statistics before the step', bufferTable.packedSize);
    }
  }

  get stepsPerAdvance(): number {
    return this.#pacer.roundsPerPiece;
  }

  get millisecondsPerStep(): number | undefined {
    return this.#parts.isGentle ? this.#pacer.roundMs : undefined;
  }

  get byteLength(): number {
    return this.#staging.byteLength;
  }

  /**
   * Issues the next `count` steps.
   * @returns the results of all of them, or of those that were submitted before a cancellation.
   * @throws AbortError by rejection, where a cancellation has left none.
   */
  async advance(count: number): Promise<StepResults> {
    const { context, owner, submissions, recording, layerRecorder, isGentle } = this.#parts;
    const firstStep = this.next;
    this.next += count;
    let copy: { read(): Promise<ArrayBuffer> } | undefined;
    const task = new PiecewiseTask({
      context,
      owner,
      doing: 'a training step',
      isPaced: isGentle,
      rounds: count,
      dispatchCount: recording.dispatchCount,
      pacer: this.#pacer,
      submit: (piece, round, isLast) => {
        this.#parts.schedule.require(firstStep + round, piece.rounds);
        const encoder = this.#encode(piece, firstStep + round);
        if (isLast) copy = this.#copyResults(encoder, firstStep, count);
        context.device.queue.submit([encoder.finish()]);
      },
      cancelled: (completed, isCut) => {
        this.next = Math.min(this.next, firstStep + completed);
        if (completed === 0 && !isCut) return;
        const encoder = context.device.createCommandEncoder({ label: 'cancellation' });
        if (isCut) this.#undo(encoder);
        if (completed > 0) copy = this.#copyResults(encoder, firstStep, completed);
        context.device.queue.submit([encoder.finish()]);
      },
    });
    submissions.add(task);
    // The read-back may only be trusted once the commands behind it were accepted.
    const completed = await task.submitted;
    if (!copy) throw cancellation();
    const bytes = await copy.read();
    const results = readRing(bytes, firstStep, completed);
    if (!layerRecorder) return results;
    const rows = new Float32Array(bytes, RING_BYTES);
    return { ...results, gradientNorms: layerRecorder.gradientNorms(rows, firstStep, completed) };
  }

  /** Losses, and behind them what was sampled of the layers. */
  #copyResults(encoder: GPUCommandEncoder, first: number, count: number): { read(): Promise<ArrayBuffer> } {
    const { step, layerRecorder } = this.#parts;
    const losses = { buffer: step.ring, offset: 0, byteLength: RING_BYTES };
    return this.#staging.copy(encoder, [losses, ...(layerRecorder?.rows(first, count) ?? [])]);
  }

  dispose(): void {
    this.#staging.dispose();
  }

  #encode({ from, to, rounds }: Piece, step: number): GPUCommandEncoder {
    const { context, recording, layerRecorder } = this.#parts;
    const { dispatchCount } = recording;
    const { running } = this.#parts.step.model;
    const encoder = context.device.createCommandEncoder({ label: 'training' });
    const before = this.#runningBefore;
    if (before && from === 0 && to < dispatchCount) {
      encoder.copyBufferToBuffer(running, 0, before, 0, before.size);
    }
    const pass = encoder.beginComputePass({ label: 'training' });
    for (let i = 0; i < rounds; i++) {
      if (layerRecorder) layerRecorder.encode(pass, step + i, from, to);
      else recording.encode(pass, from, to);
    }
    pass.end();
    if (to === dispatchCount) layerRecorder?.submitted(step, rounds);
    return encoder;
  }

  /** Takes back what the first pieces of a step have changed. */
  #undo(encoder: GPUCommandEncoder): void {
    const { step, layerRecorder } = this.#parts;
    const before = this.#runningBefore;
    if (before) encoder.copyBufferToBuffer(before, 0, step.model.running, 0, before.size);
    layerRecorder?.undo(encoder);
  }
}

/** Results of consecutive steps from a copy of the ring of losses. */
export function readRing(bytes: ArrayBuffer, firstStep: number, count: number): StepResults {
  const floats = new Float32Array(bytes);
  const integers = new Uint32Array(bytes);
  const losses = new Float32Array(count);
  const correct = new Uint32Array(count);
  for (let i = 0; i < count; i++) {
    const slot = ((firstStep + i) % RING_SIZE) * RESULT_WORDS;
    losses[i] = floats[slot]!;
    correct[i] = integers[slot + 1]!;
  }
  return { firstStep, losses, correct };
}
