import type { OptimizerName } from '#domain/experiment.ts';
import { upload } from '#gpu/buffers.ts';
import type { GpuContext } from '#gpu/device.ts';
import { SCHEDULE_ROW, scheduleRow } from '#kernels/optimizer/kernel.ts';
import type { ScheduleTable } from '../engine.ts';

/** Rows uploaded at once; the GPU buffer holds two such blocks and is used as a ring. */
const BLOCK_ROWS = 4096;
export const WINDOW_ROWS = 2 * BLOCK_ROWS;

/**
 * Keeps the GPU's part of the schedule ahead of the steps that are issued: a run of any length needs one
 * small buffer. Uploads are ordered with submits, so rows that issued steps still need are never replaced
 * before them.
 */
export class ScheduleWindow {
  readonly #context: GpuContext;
  readonly #buffer: GPUBuffer;
  readonly #optimizer: OptimizerName;
  readonly #beta2: number | undefined;
  #table: ScheduleTable = { learningRate: new Float64Array(), momentum: new Float64Array() };
  /** Steps [from, to) that the buffer holds. */
  #from = 0;
  #to = 0;

  /** @param buffer `WINDOW_ROWS` rows; not owned. */
  constructor(context: GpuContext, buffer: GPUBuffer, optimizer: OptimizerName, beta2?: number) {
    this.#context = context;
    this.#buffer = buffer;
    this.#optimizer = optimizer;
    this.#beta2 = beta2;
  }

  set(table: ScheduleTable): void {
    if (table.learningRate.length !== table.momentum.length) {
      throw new RangeError(
        `A schedule needs as many learning rates (${table.learningRate.length}) as momenta (${table.momentum.length})`,
      );
    }
    this.#table = table;
    this.#from = 0;
    this.#to = 0;
  }

  /** @throws {RangeError} when steps `first` to `first + count - 1` reach past the end of the schedule. */
  check(first: number, count: number): void {
    const end = first + count;
    const total = this.#table.learningRate.length;
    if (end > total) throw new RangeError(`Step ${end - 1} is past the schedule of ${total} steps`);
  }

  /**
   * Makes rows of steps `first` to `first + count - 1` available to the next submit. Call it right before that one:
   * what is uploaded here overtakes whatever still waits to be submitted, and may take the place of its rows.
   * @throws {RangeError} past the end of the schedule.
   */
  require(first: number, count: number): void {
    this.check(first, count);
    const end = first + count;
    if (first < this.#from || first > this.#to) {
      this.#from = Math.floor(first / BLOCK_ROWS) * BLOCK_ROWS;
      this.#to = this.#from;
    }
    while (this.#to < end) {
      this.#uploadBlock(this.#to);
      this.#to += BLOCK_ROWS;
      this.#from = Math.max(this.#from, this.#to - WINDOW_ROWS);
    }
  }

  #uploadBlock(from: number): void {
    const { learningRate, momentum } = this.#table;
    const rows = Math.min(BLOCK_ROWS, learningRate.length - from);
    const data = new Float32Array(rows * SCHEDULE_ROW);
    for (let i = 0; i < rows; i++) {
      const step = from + i;
      const row = scheduleRow(this.#optimizer, step + 1, learningRate[step]!, momentum[step]!, this.#beta2);
      data.set(row, i * SCHEDULE_ROW);
    }
    upload(this.#context, this.#buffer, data, (from % WINDOW_ROWS) * SCHEDULE_ROW * 4);
  }
}
