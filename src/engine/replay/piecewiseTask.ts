import { inErrorScopes } from '#gpu/buffers.ts';
import type { GpuContext } from '#gpu/device.ts';
import type { Piece, StepPacer } from './stepPacer.ts';
import type { Task } from './submissionQueue.ts';

/** Rounds of the same dispatches, and how to submit them. */
export interface PiecewiseWork {
  readonly context: GpuContext;
  readonly owner: object;
  /** What it is for, as error messages say it. */
  readonly doing: string;
  /** Without, everything is submitted at once. */
  readonly isPaced: boolean;
  readonly rounds: number;
  readonly dispatchCount: number;
  readonly pacer: StepPacer;
  /** Encodes and submits one piece, of the given round on. */
  submit(piece: Piece, round: number, isLast: boolean): void;
  /**
   * Nothing more will be submitted.
   * @param completed rounds that were submitted whole.
   * @param isCut whether a part of another one was.
   */
  cancelled?(completed: number, isCut: boolean): void;
}

/** Submits rounds of the same dispatches in pieces, as its pacer cuts them. */
export class PiecewiseTask implements Task {
  readonly owner: object;
  readonly isPaced: boolean;
  /**
   * Rounds that were submitted whole and accepted by the device: all, unless the task was cancelled.
   * @throws {GpuError} by rejection.
   */
  readonly submitted: Promise<number>;
  readonly failed: (error: Error) => void;
  readonly #work: PiecewiseWork;
  readonly #accepted: Promise<void>[] = [];
  readonly #resolve: (completed: number) => void;
  #round = 0;
  /** Dispatches of the round that were submitted. */
  #at = 0;

  constructor(work: PiecewiseWork) {
    this.owner = work.owner;
    this.isPaced = work.isPaced;
    this.#work = work;
    let settle!: { resolve: (completed: number) => void; reject: (error: Error) => void };
    const ended = new Promise<number>((resolve, reject) => {
      settle = { resolve, reject };
    });
    this.#resolve = settle.resolve;
    this.failed = settle.reject;
    this.submitted = ended.then(async (completed) => {
      await Promise.all(this.#accepted);
      return completed;
    });
  }

  submit(): { isLast: boolean; done: (milliseconds: number) => void } {
    const { context, doing, pacer, rounds, dispatchCount } = this.#work;
    const round = this.#round;
    const left = rounds - round;
    const piece = this.isPaced ? pacer.next(this.#at, left) : { from: 0, to: dispatchCount, rounds: left };
    const isWhole = piece.to === dispatchCount;
    this.#round += isWhole ? piece.rounds : 0;
    this.#at = isWhole ? 0 : piece.to;
    const isLast = this.#round === rounds;
    const accepted = inErrorScopes(context, doing, () => this.#work.submit(piece, round, isLast));
    // Awaited when all pieces were submitted; a rejection must not count as unhandled until then.
    accepted.catch(() => undefined);
    this.#accepted.push(accepted);
    if (isLast) this.#resolve(rounds);
    return { isLast, done: (milliseconds) => pacer.measured(piece, milliseconds) };
  }

  cancelled(): void {
    this.#work.cancelled?.(this.#round, this.#at > 0);
    this.#resolve(this.#round);
  }
}
