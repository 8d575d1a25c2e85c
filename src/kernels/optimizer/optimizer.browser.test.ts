import { describe, expect, it } from 'vitest';
import { expectClose, testGpu } from '#testing/gpu.ts';
import { advanceCounter } from '../gather/kernel.ts';
import { signal } from '../shared/testData.ts';
import { ADAMW_BETA2, ADAMW_EPS, momentCount, optimizerStep, scheduleRow } from './kernel.ts';
import { adamWReference, sgdReference } from './reference.ts';

const decay = 0.01;
/** SPEC 2.9: (learning rate, first beta, gradient) of three steps. */
const golden = [
  [0.02, 0.95, 0.1],
  [0.03, 0.94, -0.2],
  [0.04, 0.93, 0.05],
] as const;

async function train(
  optimizer: 'adamw' | 'sgd',
  initial: Float32Array,
  gradients: readonly Float32Array[],
  rates: readonly (readonly [number, number])[],
) {
  const gpu = await testGpu();
  const parameters = gpu.f32(initial);
  const moments = Array.from({ length: momentCount(optimizer) }, () =>
    gpu.f32(new Float32Array(initial.length)),
  );
  const counter = gpu.u32([0]);
  const schedule = gpu.f32(
    rates.flatMap(([rate, momentum], k) => scheduleRow(optimizer, k + 1, rate, momentum)),
  );
  const after: Float32Array[] = [];
  for (const gradient of gradients) {
    await gpu.executor.run([
      ...optimizerStep({
        optimizer,
        packedSize: initial.length,
        weightDecay: decay,
        parameters,
        gradients: gpu.f32(gradient),
        moments,
        schedule,
        counter,
      }),
      ...advanceCounter(counter, 1),
    ]);
    after.push(await gpu.readF32(parameters));
  }
  expect([...(await gpu.readU32(counter, 1))]).toEqual([gradients.length]);
  expect(gpu.context.failure).toBeUndefined();
  return { after, moments: await Promise.all(moments.map((moment) => gpu.readF32(moment))) };
}

describe('AdamW', () => {
  it("follows the specification's scalar for three steps", async () => {
    const { after } = await train(
      'adamw',
      new Float32Array(64).fill(1),
      golden.map(([, , g]) => new Float32Array(64).fill(g)),
      golden.map(([rate, beta1]) => [rate, beta1]),
    );
    // Parameters near 1 are rounded to 2^-24 per operation: three roundings a step are 2e-7 a step.
    [0.979800002, 0.991387455307, 0.996077847073].forEach((expected, k) => {
      expectClose(after[k]!, new Float64Array(64).fill(expected), { atol: 2e-7 * (k + 1), rtol: 0 });
    });
  });

  it('updates every element of a buffer of several workgroups, the last one partly filled', async () => {
    const size = 64 * 41;
    const initial = signal(1, size, 0, 0.1);
    const gradients = [signal(2, size, 0, 0.02), signal(3, size, 0, 0.02)];
    const rates = [[1e-3, 0.95] as const, [2e-3, 0.9] as const];
    const { after, moments } = await train('adamw', initial, gradients, rates);
    const states = Array.from(initial, (p) => ({ p, m: 0, v: 0 }));
    gradients.forEach((gradient, k) => {
      const [learningRate, beta1] = rates[k]!;
      const options = { t: k + 1, learningRate, beta1, beta2: ADAMW_BETA2, decay, eps: ADAMW_EPS };
      for (let i = 0; i < size; i++) states[i] = adamWReference(states[i]!, gradient[i]!, options);
    });
    // The quotient of the moments is at most about 1 and wrong by some 1e-6 (f32 moments, sqrt and division
    // within 2.5 units), times a learning rate of 2e-3; the parameter itself by 2^-24 of 0.4.
    expectClose(
      after[1]!,
      states.map(({ p }) => p),
      { atol: 5e-8, rtol: 2e-7, label: 'parameters' },
    );
    expectClose(
      moments[0]!,
      states.map(({ m }) => m),
      { atol: 1e-9, rtol: 1e-6, label: 'first moment' },
    );
    expectClose(
      moments[1]!,
      states.map(({ v }) => v),
      { atol: 1e-12, rtol: 1e-6, label: 'second moment' },
    );
  });

  it('gives the same bits twice', async () => {
    const initial = signal(1, 256, 0, 0.1);
    const once = () => train('adamw', initial, [signal(2, 256, 0, 1)], [[1e-3, 0.9]]);
    expect(await once()).toEqual(await once());
  });
});

describe('SGD', () => {
  it("follows torch's form with momentum and decay for three steps", async () => {
    const size = 64 * 17;
    const initial = signal(1, size, 0, 1);
    const gradients = [2, 3, 4].map((tensor) => signal(tensor, size, 0, 1));
    const rates = [[0.1, 0.9] as const, [0.05, 0.95] as const, [0.2, 0.85] as const];
    const { after, moments } = await train('sgd', initial, gradients, rates);
    const states = Array.from(initial, (p) => ({ p, b: 0 }));
    gradients.forEach((gradient, k) => {
      const [learningRate, momentum] = rates[k]!;
      for (let i = 0; i < size; i++)
        states[i] = sgdReference(states[i]!, gradient[i]!, { learningRate, momentum, decay });
    });
    // Nine multiply-adds of values around 1.
    expectClose(
      after[2]!,
      states.map(({ p }) => p),
      { atol: 5e-7, rtol: 5e-7, label: 'parameters' },
    );
    expectClose(
      moments[0]!,
      states.map(({ b }) => b),
      { atol: 1e-6, rtol: 1e-6, label: 'velocity' },
    );
  });
});
