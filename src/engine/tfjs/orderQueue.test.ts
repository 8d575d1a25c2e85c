import { describe, expect, it } from 'vitest';
import { OrderQueue } from './orderQueue.ts';

describe('OrderQueue', () => {
  it('cuts an order into batches from its first step on and leaves a rest unused', () => {
    const queue = new OrderQueue(2, 10);
    queue.set(Uint32Array.of(3, 1, 4, 1, 5), 7, 0);
    expect([...queue.indices(7)]).toEqual([3, 1]);
    expect([...queue.indices(8)]).toEqual([4, 1]);
    expect(() => queue.indices(9)).toThrow('No order was set for step 9');
    expect(() => queue.indices(6)).toThrow('step 6');
  });

  it('keeps the end of one epoch when the next is set early, and lets later segments win', () => {
    const queue = new OrderQueue(1, 10);
    queue.set(Uint32Array.of(0, 1, 2), 0, 0);
    queue.set(Uint32Array.of(5, 6), 2, 1);
    expect([0, 1, 2, 3].map((step) => queue.indices(step)[0])).toEqual([0, 1, 5, 6]);
  });

  it('drops segments that were used up', () => {
    const queue = new OrderQueue(1, 10);
    queue.set(Uint32Array.of(0, 1), 0, 0);
    queue.set(Uint32Array.of(2), 2, 2);
    expect(() => queue.indices(1)).toThrow('step 1');
  });

  it('does not follow later changes of the array that it was given', () => {
    const queue = new OrderQueue(1, 10);
    const order = Uint32Array.of(4);
    queue.set(order, 0, 0);
    order[0] = 9;
    expect(queue.indices(0)[0]).toBe(4);
  });

  it('refuses an index beyond the training set', () => {
    expect(() => new OrderQueue(1, 10).set(Uint32Array.of(10), 0, 0)).toThrow(
      'image 10 of a training set of 10',
    );
  });
});
