import { expect, test } from 'vitest';
import { IMAGE_BYTES, type ImageSet } from '#domain/dataset.ts';
import { digest } from './fixtures/plain.ts';
import { builtInDataset } from './builtIn.ts';

const small = { train: 200, valid: 50 };

test('gives the same bytes for the same seed, in any engine', () => {
  // A change of this hash is a change of the data set: saved runs would no longer compare.
  expect(builtInDataset(0, small).info.hash).toBe(
    '34d472dc7e40806820afc151459a0f2ab9383fd6f999a35cab8240957137b435',
  );
  expect(builtInDataset(0, small).info.hash).not.toBe(builtInDataset(1, small).info.hash);
});

test('image i does not depend on how many are drawn', () => {
  const [few, more] = [
    builtInDataset(4, { train: 10, valid: 10 }),
    builtInDataset(4, { train: 30, valid: 20 }),
  ];
  expect(digest(more.train.images.subarray(0, few.train.images.length))).toBe(digest(few.train.images));
  expect(digest(more.valid.images.subarray(0, few.valid.images.length))).toBe(digest(few.valid.images));
});

test('is balanced and shares no image between the halves', () => {
  const { info, train, valid } = builtInDataset(2, small);
  expect(info.trainHistogram).toEqual(Array.from({ length: 10 }, () => 20));
  const texts = [train, valid].flatMap((half) =>
    Array.from({ length: half.count }, (_, i) =>
      Buffer.from(half.images.subarray(i * IMAGE_BYTES, (i + 1) * IMAGE_BYTES)).toString('latin1'),
    ),
  );
  expect(new Set(texts).size).toBe(250);
});

test('reports progress up to the end', () => {
  const reports: number[] = [];
  builtInDataset(0, small, (done, total) => reports.push(done / total));
  expect(reports.at(-1)).toBe(1);
  expect([...reports].sort((a, b) => a - b)).toEqual(reports);
});

/** Multinomial logistic regression on standardized pixels, by SGD; returns its training and validation accuracy. */
function linearAccuracy(
  train: ImageSet,
  valid: ImageSet,
  epochs: number,
  learningRate: number,
): [number, number] {
  const features = IMAGE_BYTES + 1;
  const weights = new Float32Array(10 * features);
  const x = new Float32Array(features);
  const scores = new Float64Array(10);
  const classify = (half: ImageSet, i: number): number => {
    for (let f = 0; f < IMAGE_BYTES; f++) x[f] = half.images[i * IMAGE_BYTES + f]! / 128 - 1;
    x[IMAGE_BYTES] = 1;
    for (let k = 0; k < 10; k++) {
      let sum = 0;
      for (let f = 0; f < features; f++) sum += weights[k * features + f]! * x[f]!;
      scores[k] = sum;
    }
    return scores.indexOf(Math.max(...scores));
  };
  for (let epoch = 0; epoch < epochs; epoch++) {
    for (let i = 0; i < train.count; i++) {
      const top = scores[classify(train, i)]!;
      const exponentials = scores.map((score) => Math.exp(score - top));
      const sum = exponentials.reduce((a, b) => a + b);
      for (let k = 0; k < 10; k++) {
        const step = learningRate * (exponentials[k]! / sum - (train.labels[i] === k ? 1 : 0));
        for (let f = 0; f < features; f++) weights[k * features + f]! -= step * x[f]!;
      }
    }
  }
  const accuracy = (half: ImageSet): number => {
    let right = 0;
    for (let i = 0; i < half.count; i++) if (classify(half, i) === half.labels[i]) right++;
    return right / half.count;
  };
  return [accuracy(train), accuracy(valid)];
}

test('is beyond a linear classifier of pixels', { timeout: 30_000 }, () => {
  const { train, valid } = builtInDataset(0, { train: 1000, valid: 300 });
  const [trainAccuracy, validAccuracy] = linearAccuracy(train, valid, 6, 4e-4);
  // It does learn: the images it saw, and more than chance of the others.
  expect(trainAccuracy).toBeGreaterThan(0.3);
  expect(validAccuracy).toBeLessThan(0.5);
});
