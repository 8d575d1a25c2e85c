/** Length of a submission that leaves the page room to draw, milliseconds. */
const TARGET_MS = 50;
/** Parts of a round of which nothing is known yet, and the most dispatches of one: a long list has long ones. */
const FIRST_PARTS = 64;
const MOST_FIRST = 3;
/** How much a new measurement counts, since a tab may be starved for a while; and the most that one may say. */
const WEIGHT = 0.3;
const MOST_SLOWER = 4;
/** Clocks are too coarse for less, milliseconds a dispatch. */
const LEAST_MS = 1e-4;

/** What is submitted at once of a list of dispatches: the whole of it `rounds` times, or a part of one round. */
export interface Piece {
  readonly from: number;
  readonly to: number;
  readonly rounds: number;
}

/**
 * Learns how long the dispatches of a list take, and cuts repetitions of it into pieces of about 50 ms: several
 * rounds, or as few dispatches as it takes.
 */
export class StepPacer {
  readonly #mostRounds: number;
  readonly #uncut: number;
  /** Estimates for each dispatch; NaN before the first measurement. */
  readonly #milliseconds: Float64Array;
  #roundsPerPiece = 1;

  /** @param uncut dispatches from this one to the end of a round are never cut apart. */
  constructor(dispatchCount: number, mostRounds: number, uncut = dispatchCount) {
    this.#mostRounds = mostRounds;
    this.#uncut = uncut;
    this.#milliseconds = new Float64Array(dispatchCount).fill(Number.NaN);
  }

  /** Of a whole round on the device; undefined before every dispatch was measured. */
  get roundMs(): number | undefined {
    const whole = this.#sum(0, this.#milliseconds.length, Number.NaN);
    return Number.isNaN(whole) ? undefined : whole;
  }

  get roundsPerPiece(): number {
    return this.#roundsPerPiece;
  }

  /** The piece that begins with dispatch `from` of a round when `rounds` are left, this one included. */
  next(from: number, rounds: number): Piece {
    const count = this.#milliseconds.length;
    const mean = this.#mean();
    if (Number.isNaN(mean)) {
      return this.#part(from, from + Math.min(MOST_FIRST, Math.ceil(count / FIRST_PARTS)));
    }
    const left = this.#sum(from, count, mean);
    if (from === 0 && left <= TARGET_MS) {
      return { from, to: count, rounds: Math.min(rounds, this.#roundsPerPiece) };
    }
    // Equal pieces, not full ones and a rest.
    const target = left / Math.ceil(left / TARGET_MS);
    let to = from;
    for (let sum = 0; to < count; to++) {
      const next = this.#estimate(to, mean);
      if (to > from && sum + next / 2 > target) break;
      sum += next;
    }
    return this.#part(from, to);
  }

  /** The device took so long for a piece. */
  measured({ from, to, rounds }: Piece, milliseconds: number): void {
    const values = this.#milliseconds;
    const perRound = Math.max(milliseconds / rounds, LEAST_MS * (to - from));
    const expected = this.#sum(from, to, Number.NaN);
    if (Number.isNaN(expected)) values.fill(perRound / (to - from), from, to);
    else {
      const ratio = Math.min(MOST_SLOWER, perRound / expected);
      for (let i = from; i < to; i++) values[i]! *= 1 + WEIGHT * (ratio - 1);
    }
    const whole = this.#sum(0, values.length, Number.NaN);
    const fitting = Number.isNaN(whole) ? 1 : Math.floor(TARGET_MS / whole);
    this.#roundsPerPiece = Math.max(1, Math.min(this.#mostRounds, fitting));
  }

  #part(from: number, to: number): Piece {
    return { from, to: to > this.#uncut ? this.#milliseconds.length : to, rounds: 1 };
  }

  #sum(from: number, to: number, unknown: number): number {
    let sum = 0;
    for (let i = from; i < to; i++) sum += this.#estimate(i, unknown);
    return sum;
  }

  #estimate(i: number, unknown: number): number {
    const value = this.#milliseconds[i]!;
    return Number.isNaN(value) ? unknown : value;
  }

  /** Of the dispatches that are known. */
  #mean(): number {
    const known = this.#milliseconds.filter((value) => !Number.isNaN(value));
    return known.reduce((sum, value) => sum + value, 0) / known.length;
  }
}
