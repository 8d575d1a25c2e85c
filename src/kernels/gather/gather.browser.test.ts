import { describe, expect, it } from 'vitest';
import { IMAGE_BYTES } from '#domain/dataset.ts';
import { randomWord } from '#lib/randomStream.ts';
import { expectClose, testGpu } from '#testing/gpu.ts';
import { advanceCounter, gatherEvaluation, gatherTraining, orderWords } from './kernel.ts';
import { augmentOf, cropReference, normalizePixels } from './reference.ts';

const COUNT = 11;
const mean = [0.491, 0.482, 0.447] as const;
const deviation = [0.247, 0.243, 0.261] as const;
const images = Uint8Array.from({ length: COUNT * IMAGE_BYTES }, (_, i) => randomWord(9, 0, i) & 0xff);
const labels = Uint8Array.from({ length: COUNT }, (_, i) => (i * 7) % 256);
const image = (index: number) => images.subarray(index * IMAGE_BYTES, (index + 1) * IMAGE_BYTES);

function normalized(batch: readonly Uint8Array[]): number[] {
  return batch.flatMap((bytes) => Array.from(normalizePixels(bytes, mean, deviation)));
}

// One multiply-add of a byte: the scale is rounded once, the result of up to 2.2 once or twice.
const close = { atol: 5e-7, rtol: 0 };

async function sourceOnGpu() {
  const gpu = await testGpu();
  const bytes = (data: Uint8Array) => {
    const padded = new Uint8Array(Math.ceil(data.length / 4) * 4);
    padded.set(data);
    return gpu.u32(new Uint32Array(padded.buffer));
  };
  return { gpu, source: { images: bytes(images), labels: bytes(labels), count: COUNT } };
}

async function train(options: {
  order: Uint32Array;
  firstStep: number;
  step: number;
  batch: number;
  augment: boolean;
  seed: number;
}) {
  const { gpu, source } = await sourceOnGpu();
  const x = gpu.poisoned(options.batch * IMAGE_BYTES);
  const out = gpu.poisoned(options.batch);
  const order = gpu.u32(orderWords(options.order, options.firstStep));
  const counter = gpu.u32([options.step]);
  await gpu.executor.run(
    gatherTraining({ ...options, source, mean, deviation, order, counter, x, labels: out }),
  );
  expect(gpu.context.failure).toBeUndefined();
  return { x: await gpu.readF32(x), labels: [...(await gpu.readU32(out, options.batch))] };
}

describe('gatherTraining', () => {
  const order = Uint32Array.of(4, 10, 0, 7, 7, 3, 9, 1, 2);

  it("takes the step's indices, counted from the order's first step, and normalizes", async () => {
    const actual = await train({ order, firstStep: 20, step: 22, batch: 3, augment: false, seed: 1 });
    const expected = normalized([9, 1, 2].map(image));
    expectClose(actual.x, expected, close);
    expect(actual.labels).toEqual([9, 1, 2].map((index) => labels[index]));
  });

  it('stays inside the order and the data set whatever the counter and the indices say', async () => {
    const past = await train({
      order: Uint32Array.of(1, 99),
      firstStep: 0,
      step: 5,
      batch: 2,
      augment: false,
      seed: 1,
    });
    expect(past.labels).toEqual([labels[10], labels[10]]);
  });

  it("crops and flips as the CPU's generator says", async () => {
    for (const step of [0, 1, 2, 41]) {
      const long = Uint32Array.from({ length: 8 }, (_, i) => i);
      const seed = 0xfedcba98;
      const actual = await train({ order: long, firstStep: step, step, batch: 8, augment: true, seed });
      const cropped = Array.from(long, (index) => cropReference(image(index), augmentOf(seed, step, index)));
      expectClose(actual.x, normalized(cropped), { ...close, label: `step ${step}` });
    }
  });
});

describe('gatherEvaluation', () => {
  it('walks through the images in order, batch by batch, and repeats the last one', async () => {
    const { gpu, source } = await sourceOnGpu();
    const x = gpu.poisoned(4 * IMAGE_BYTES);
    const out = gpu.poisoned(4);
    const cursor = gpu.u32([0, 10]);
    const seen: number[] = [];
    for (let k = 0; k < 3; k++) {
      await gpu.executor.run([
        ...gatherEvaluation({ source, batch: 4, mean, deviation, cursor, x, labels: out }),
        ...advanceCounter(cursor, 4),
      ]);
      seen.push(...(await gpu.readU32(out, 4)));
    }
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 9, 9].map((index) => labels[index]));
    const last = normalized([8, 9, 9, 9].map(image));
    expectClose(await gpu.readF32(x), last, close);
  });
});
