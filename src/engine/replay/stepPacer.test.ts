import { describe, expect, test } from 'vitest';
import { StepPacer, type Piece } from './stepPacer.ts';

/** All pieces of one advance, each measured as if the dispatches took `cost`. */
function pieces(pacer: StepPacer, cost: readonly number[], rounds: number): Piece[] {
  const cut: Piece[] = [];
  for (let round = 0, at = 0; round < rounds;) {
    const piece = pacer.next(at, rounds - round);
    cut.push(piece);
    const sum = cost.slice(piece.from, piece.to).reduce((total, ms) => total + ms, 0);
    pacer.measured(piece, piece.rounds * sum);
    expect(piece.from).toBe(at);
    at = piece.to === cost.length ? 0 : piece.to;
    if (at === 0) round += piece.rounds;
  }
  return cut;
}

function milliseconds(cost: readonly number[], { from, to }: Piece): number {
  return cost.slice(from, to).reduce((total, ms) => total + ms, 0);
}

describe('the pacer', () => {
  test('cuts long steps into equal pieces of about 50 ms, whatever the dispatches are like', () => {
    const cost = Array.from({ length: 144 }, (_, i) => (i < 30 ? 12 : 2));
    const pacer = new StepPacer(cost.length, 256);
    expect(pacer.roundsPerPiece).toBe(1);
    for (let step = 0; step < 30; step++) pieces(pacer, cost, 1);
    const lengths = pieces(pacer, cost, 1).map((piece) => milliseconds(cost, piece));
    expect(lengths.reduce((sum, ms) => sum + ms)).toBe(588);
    expect(Math.max(...lengths)).toBeLessThan(65);
    expect(lengths.length).toBeLessThan(16);
    expect(pacer.roundsPerPiece).toBe(1);
  });

  test('begins with small pieces and adapts within the first step', () => {
    const slow = Array.from({ length: 144 }, () => 40);
    const first = pieces(new StepPacer(slow.length, 256), slow, 1);
    expect(first[0]).toEqual({ from: 0, to: 3, rounds: 1 });
    expect(first.slice(1).every(({ from, to }) => to - from === 1)).toBe(true);
  });

  test('begins with pieces as small where long dispatches were cut into thousands', () => {
    const pacer = new StepPacer(5000, 256);
    expect(pacer.next(0, 1)).toEqual({ from: 0, to: 3, rounds: 1 });
    // The second is wanted before the first is done.
    expect(pacer.next(3, 1)).toEqual({ from: 3, to: 6, rounds: 1 });
  });

  test('takes as many short steps at once as fit, and no more than are wanted', () => {
    const cost = Array.from({ length: 10 }, () => 0.2);
    const pacer = new StepPacer(cost.length, 20);
    pieces(pacer, cost, 1);
    expect(pacer.roundsPerPiece).toBe(20);
    expect(pieces(pacer, cost, 50).map(({ rounds }) => rounds)).toEqual([20, 20, 10]);
  });

  test('keeps the end of a step in one piece', () => {
    const cost = Array.from({ length: 20 }, () => 60);
    const pacer = new StepPacer(cost.length, 256, 17);
    pieces(pacer, cost, 1);
    const cut = pieces(pacer, cost, 2);
    expect(cut.map(({ from }) => from)).not.toContain(18);
    expect(cut.filter(({ to }) => to === 20)).toEqual([17, 17].map((from) => ({ from, to: 20, rounds: 1 })));
  });

  test('forgets a moment in which nothing went on', () => {
    const cost = Array.from({ length: 10 }, () => 1);
    const pacer = new StepPacer(cost.length, 256);
    for (let step = 0; step < 5; step++) pieces(pacer, cost, 1);
    pacer.measured({ from: 0, to: 10, rounds: 1 }, 60_000);
    expect(pacer.roundsPerPiece).toBe(2);
    for (let step = 0; step < 10; step++) pieces(pacer, cost, 1);
    expect(pacer.roundsPerPiece).toBe(4);
  });
});
