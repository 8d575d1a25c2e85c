import { describe, expect, it } from 'vitest';
import { expectClose, testGpu } from '#testing/gpu.ts';
import { advanceCounter } from '../gather/kernel.ts';
import { momentCount, optimizerStep, scheduleRow } from '../optimizer/kernel.ts';
import { signal } from '../shared/testData.ts';
import { clipCoefficient, clipPartsSize, NARROW_CLIP, WIDE_CLIP, type ClipTuning } from './kernel.ts';
import { clipReference } from './reference.ts';

async function coefficient(gradients: Float32Array, largest: number, tuning: ClipTuning): Promise<number> {
  const gpu = await testGpu();
  const out = gpu.poisoned(1);
  const dispatches = clipCoefficient({
    gradients: gpu.f32(gradients),
    packedSize: gradients.length,
    largest,
    parts: gpu.poisoned(clipPartsSize(gradients.length, tuning)),
    coefficient: out,
    tuning,
  });
  await gpu.executor.run(dispatches);
  expect(gpu.context.failure).toBeUndefined();
  return (await gpu.readF32(out))[0]!;
}

describe.each([
  ['wide', WIDE_CLIP],
  ['narrow', NARROW_CLIP],
] as const)('the coefficient, %s', (_, tuning) => {
  it.each([
    ['a few values', 4, 1],
    ['one part', 4 * 64, 1e-3],
    ['many parts, the last one partly filled', 4 * 12_345, 1],
    ['values whose squares fit no f32', 4 * 5000, 1e-30],
    ['values whose squares overflow', 4 * 5000, 1e30],
  ])('of %s is the reference’s', async (_name, size, deviation) => {
    const gradients = signal(1, size, 0, deviation);
    const norm = Math.hypot(...gradients);
    // Sums of squares of some thousand terms in runs, a root and a quotient in f32.
    for (const share of [0.1, 0.9, 3]) {
      const expected = clipReference(gradients, norm * share);
      expectClose([await coefficient(gradients, norm * share, tuning)], [expected], { atol: 0, rtol: 2e-6 });
    }
  });

  it('is one to the bit where nothing has to shrink, and of zeros', async () => {
    expect(await coefficient(signal(1, 64, 0, 1), 1e6, tuning)).toBe(1);
    expect(await coefficient(new Float32Array(64), 1, tuning)).toBe(1);
  });

  it('is NaN where the norm is no finite f32', async () => {
    const size = 4 * 3000;
    for (const value of [NaN, Infinity, -Infinity]) {
      const gradients = signal(1, size, 0, 1);
      gradients[size - 3] = value;
      expect(await coefficient(gradients, 1, tuning), String(value)).toBeNaN();
    }
    // Each is finite, and so is the sum of their squares at the smaller scale.
    expect(await coefficient(new Float32Array(size).fill(3e38), 1, tuning)).toBeNaN();
  });

  it('has the same bits twice', async () => {
    const gradients = signal(2, 4 * 9999, 0, 1);
    expect(await coefficient(gradients, 1, tuning)).toBe(await coefficient(gradients, 1, tuning));
  });
});

/**
 * Parameters 1, 1.1, … 1.5 after each of three steps with gradients 3 sin(i + 2 t), learning rate 0.1, decay 0.01 and
 * momentum or first beta 0.9; `clip_grad_norm_` and optimizer of torch 1.13 in double precision.
 */
const TORCH = {
  sgd: [
    [0.999, 1.050694565, 1.146708985, 1.290615644, 1.441955022, 1.553433993],
    [0.943226845, 0.996907886, 1.142439481, 1.337693559, 1.494827428, 1.561045938],
    [0.934724284, 1.001526545, 1.153196111, 1.341712882, 1.485179606, 1.543117839],
  ],
  adamw: [
    [0.999, 0.998900002, 1.098800002, 1.198700012, 1.498599998, 1.598499998],
    [0.923755023, 0.91899045, 1.095488144, 1.261599764, 1.586402368, 1.608536314],
    [0.917399462, 0.92460261, 1.107026379, 1.267414837, 1.579780292, 1.594554092],
  ],
};

describe.each(['sgd', 'adamw'] as const)('%s with its gradients clipped to a norm of 1', (optimizer) => {
  it('takes torch’s three steps', async () => {
    const gpu = await testGpu();
    const size = 8; // six and the gap that fills up a vector
    const padded = (value: (i: number) => number): Float32Array =>
      Float32Array.from({ length: size }, (_, i) => (i < 6 ? value(i) : 0));
    const parameters = gpu.f32(padded((i) => 1 + i / 10));
    const moments = Array.from({ length: momentCount(optimizer) }, () => gpu.f32(new Float32Array(size)));
    const counter = gpu.u32([0]);
    const schedule = gpu.f32([1, 2, 3].flatMap((t) => scheduleRow(optimizer, t, 0.1, 0.9)));
    const factor = gpu.poisoned(1);
    const after: number[][] = [];
    for (let t = 0; t < 3; t++) {
      const gradients = gpu.f32(padded((i) => 3 * Math.sin(i + 2 * t)));
      const packed = { packedSize: size, gradients };
      await gpu.executor.run([
        ...clipCoefficient({
          ...packed,
          largest: 1,
          parts: gpu.poisoned(clipPartsSize(size, NARROW_CLIP)),
          coefficient: factor,
          tuning: NARROW_CLIP,
        }),
        ...optimizerStep({
          ...packed,
          optimizer,
          weightDecay: 0.01,
          parameters,
          moments,
          schedule,
          counter,
          coefficient: factor,
        }),
        ...advanceCounter(counter, 1),
      ]);
      after.push([...(await gpu.readF32(parameters))].slice(0, 6));
    }
    // Parameters near 1 are rounded to 6e-8 an operation; AdamW's quotient of moments is wrong by some 1e-6 times 0.1.
    after.forEach((values, t) =>
      expectClose(values, TORCH[optimizer][t]!, { atol: 1e-6, rtol: 0, label: `step ${t}` }),
    );
    expect(gpu.context.failure).toBeUndefined();
  });
});
