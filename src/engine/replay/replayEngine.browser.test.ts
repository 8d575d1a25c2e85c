import { afterEach, describe, expect, it, vi } from 'vitest';
import type { LayerHistory } from '#domain/layerHistory.ts';
import { convNorms, resnet18 } from '#domain/resnet.ts';
import { forwardReference } from '#kernels/conv2d/reference.ts';
import { convShape } from '#kernels/conv2d/shape.ts';
import { clipReference } from '#kernels/gradientClip/reference.ts';
import {
  largestMagnitudeReference,
  normReference,
  relativeUpdateReference,
} from '#kernels/layerStatistics/reference.ts';
import { signal } from '#kernels/shared/testData.ts';
import { initialWeights } from '#nn/init.ts';
import { GOLDEN_NAMES, expectGolden } from '#testing/golden.ts';
import { expectClose, testGpu } from '#testing/gpu.ts';
import { tinyConfig, tinyDataset, tinySchedule } from '#testing/tinyRun.ts';
import type { EngineConfig, EngineState } from '../engine.ts';
import { createReplayEngine, type ReplayOptions } from './createReplayEngine.ts';
import { HISTORY_ROWS } from './layerMeasurements.ts';
import type { ReplayEngine } from './replayEngine.ts';
import { defaultTunings } from './tunings.ts';

const open: ReplayEngine[] = [];
afterEach(() => {
  for (const engine of open.splice(0)) engine.dispose();
});

async function started(config: EngineConfig, steps = 16, options: ReplayOptions = {}): Promise<ReplayEngine> {
  const { context } = await testGpu();
  const engine = await createReplayEngine(context, config, options);
  open.push(engine);
  await engine.initialize(initialWeights(config.network, config.norm, 1));
  engine.setSchedule(tinySchedule(steps));
  engine.setOrder(
    Uint32Array.from({ length: 24 }, (_, i) => (i * 5) % 24),
    0,
  );
  return engine;
}

/** Every number of a state, as bits. */
function bits(state: EngineState): Uint32Array {
  const tensors = [state.parameters, state.buffers, ...state.moments].flatMap((named) => [...named.values()]);
  return Uint32Array.from(tensors.flatMap((values) => [...new Uint32Array(values.slice().buffer)]));
}

describe('the recorded engine', () => {
  it.each(GOLDEN_NAMES)('reproduces the golden run %s', async (name) => {
    const { context } = await testGpu();
    await expectGolden((config) => createReplayEngine(context, config), name);
  });

  it.each([
    { norm: 'bn', ws: true, optimizer: 'adamw' },
    { norm: 'gn', ws: false, optimizer: 'sgd' },
    { norm: 'none', ws: true, optimizer: 'adamw' },
    { norm: 'gn', ws: true, optimizer: 'sgd', gradientClip: 0.5 },
    { norm: 'bn', ws: false, optimizer: 'adamw', gradientClip: 0.5 },
    { norm: 'none', ws: true, wsGain: 'scaled', optimizer: 'sgd' },
  ] as const)(
    'replays the bits of the eager path: $norm, ws $ws, $optimizer, clip $gradientClip',
    async (arm) => {
      const config = tinyConfig(arm);
      const eager = await started(config);
      const eagerResults = await eager.advanceEagerly(3);
      const replayed = await started(config);
      const results = await replayed.advance(3);
      expect([...results.losses]).toEqual([...eagerResults.losses]);
      expect([...results.correct]).toEqual([...eagerResults.correct]);
      expect(bits(await replayed.snapshot())).toEqual(bits(await eager.snapshot()));
    },
  );

  it('gives the same bits however steps are grouped into submissions, and when resumed', async () => {
    const config = tinyConfig();
    const whole = await started(config);
    const all = await whole.advance(8);
    const split = await started(config);
    const pending = [split.advance(1), split.advance(3)];
    const middle = await split.snapshot();
    expect(middle.step).toBe(4);
    const resumed = await started(config);
    await resumed.advance(2);
    await resumed.restore(middle);
    pending.push(resumed.advance(4));
    const gentle = await started(config, 16, { isGentle: true });
    expect([...(await gentle.advance(2)).losses, ...(await gentle.advance(6)).losses]).toEqual([
      ...all.losses,
    ]);
    const losses = (await Promise.all(pending)).flatMap((part) => [...part.losses]);
    expect(losses).toEqual([...all.losses]);
    expect(bits(await resumed.snapshot())).toEqual(bits(await whole.snapshot()));
  });

  it('gives the same bits, hash and layers however many dispatches its convolutions are cut into', async () => {
    const { context } = await testGpu();
    const config = tinyConfig({ layerSampleEvery: 1 });
    const whole = await started(config);
    const tunings = { ...defaultTunings(context.adapter.isFallback), convDispatches: () => 3 };
    const cut = await started(config, 16, { tunings });
    expect(cut.dispatchCount).toBeGreaterThan(whole.dispatchCount + 60);
    expect(cut.tilesHash).toBe(whole.tilesHash);
    expect(await cut.advance(3)).toEqual(await whole.advance(3));
    expect(bits(await cut.snapshot())).toEqual(bits(await whole.snapshot()));
    expect(await cut.layerHistory()).toEqual(await whole.layerHistory());
    expect(await cut.evaluate('valid', 10)).toEqual(await whole.evaluate('valid', 10));
  });

  it.each([
    { norm: 'gn', ws: true },
    { norm: 'bn', ws: false },
  ] as const)('clips the gradient of all parameters together: $norm, ws $ws', async (arm) => {
    const config = tinyConfig({ ...arm, optimizer: 'sgd', weightDecay: 0, gradientClip: 0.25 });
    const engine = await started(config);
    const { parameters: before } = await engine.snapshot();
    await engine.advance(1);
    const gradients = await engine.readGradients();
    const coefficient = clipReference(
      [...gradients.values()].flatMap((values) => [...values]),
      0.25,
    );
    expect(coefficient).toBeLessThan(0.9);
    // The first velocity is the gradient as the optimizer sees it.
    const { parameters: after, moments } = await engine.snapshot();
    for (const [name, gradient] of gradients) {
      const expected = gradient.map((value) => value * coefficient);
      expectClose(moments[0]!.get(name)!, expected, { atol: 1e-12, rtol: 1e-5, label: name });
    }
    expect(after).not.toEqual(before);
    // The same gradient as a step without clipping has.
    const { gradientClip: _, ...plainConfig } = config;
    const plain = await started({ ...plainConfig, layerSampleEvery: 1 });
    await plain.advance(1);
    for (const [name, gradient] of await plain.readGradients()) {
      expectClose(gradients.get(name)!, gradient, { atol: 1e-6, rtol: 1e-4, label: name });
    }
  });

  it('has the bits of a run without clipping where nothing is clipped', async () => {
    const config = tinyConfig({ norm: 'gn', ws: false });
    const plain = await started(config);
    const clipped = await started({ ...config, gradientClip: 1e6 });
    expect(await clipped.advance(3)).toEqual(await plain.advance(3));
    expect(bits(await clipped.snapshot())).toEqual(bits(await plain.snapshot()));
  });

  it('leaves all state untouched by evaluation, and evaluates alike at any time', async () => {
    const engine = await started(tinyConfig());
    await engine.advance(2);
    const before = bits(await engine.snapshot());
    const first = await engine.evaluate('valid', 10);
    const train = await engine.evaluate('train', 7);
    const second = await engine.evaluate('valid', 10);
    expect(bits(await engine.snapshot())).toEqual(before);
    expect(second).toEqual(first);
    expect(first.count).toBe(10);
    expect(train.count).toBe(7);
    expect(Number.isFinite(first.loss)).toBe(true);
  });

  it('trains and evaluates a hundred classes', async () => {
    const config = tinyConfig({
      network: resnet18({ width: 4, stemPadding: 1, classes: 100 }),
      dataset: tinyDataset(24, 10, 100),
      augmentation: 'none',
    });
    const engine = await started(config, 24);
    const passes: number[] = [];
    for (let pass = 0; pass < 3; pass++) {
      engine.setOrder(
        Uint32Array.from({ length: 24 }, (_, i) => i),
        pass * 8,
      );
      const { losses } = await engine.advance(8);
      passes.push(losses.reduce((sum, loss) => sum + loss) / 8);
    }
    // Guessing among a hundred costs ln 100 = 4.6; the same 24 images again cost less each time.
    expect(passes[0]).toBeGreaterThan(4);
    expect(passes[1]).toBeLessThan(passes[0]!);
    expect(passes[2]).toBeLessThan(passes[1]!);
    expect((await engine.evaluate('train', 24)).count).toBe(24);
  });

  it('gives an image the same loss in whatever batch it is evaluated', async () => {
    const many = tinyDataset(24, 70);
    const { valid } = many;
    const few = {
      ...many,
      valid: { count: 5, images: valid.images.subarray(0, 5 * 3072), labels: valid.labels.subarray(0, 5) },
    };
    const [whole, part] = await Promise.all(
      [many, few].map(async (dataset) => {
        const engine = await started(tinyConfig({ dataset }));
        await engine.advance(2);
        return (await engine.evaluate('valid', dataset.valid.count)).losses!;
      }),
    );
    expect(whole).toHaveLength(70);
    expect([...part!]).toEqual([...whole!.subarray(0, 5)]);
  });

  it('ignores the rows that fill up the last evaluation batch', async () => {
    const engine = await started(tinyConfig());
    await engine.advance(2);
    const one = await engine.evaluate('valid', 1);
    const nine = await engine.evaluate('valid', 9);
    const ten = await engine.evaluate('valid', 10);
    // The tenth image's loss is what ten images have beyond nine.
    expect(ten.loss * 10 - nine.loss * 9).toBeGreaterThan(0);
    expect(Number.isInteger(Math.round(one.accuracy * 1e6) / 1e6)).toBe(true);
  });

  it.each([
    { norm: 'bn', ws: true },
    { norm: 'gn', ws: false },
  ] as const)(
    'writes every output before it reads it: poison changes nothing: $norm, ws $ws',
    async (arm) => {
      const config = tinyConfig(arm);
      const clean = await started(config);
      const expected = await clean.advance(2);
      const poisoned = await started(config, 16, { poison: true });
      const [gradient] = (await poisoned.readGradients()).values();
      expect(gradient!.every(Number.isNaN)).toBe(true);
      const results = await poisoned.advance(2);
      expect([...results.losses]).toEqual([...expected.losses]);
      expect(await poisoned.evaluate('valid', 10)).toEqual(await clean.evaluate('valid', 10));
      expect(bits(await poisoned.snapshot())).toEqual(bits(await clean.snapshot()));
    },
  );

  it('keeps buffers and bytes constant from step to step and frees them', async () => {
    const engine = await started(tinyConfig(), 400);
    await engine.advance(1);
    await engine.evaluate('valid', 10);
    const before = engine.memory();
    for (let i = 0; i < 30; i++) await engine.advance(4);
    await engine.evaluate('valid', 10);
    expect(engine.memory()).toEqual(before);
  });

  it('refuses steps past the schedule and results after disposal', async () => {
    const engine = await started(tinyConfig(), 4);
    await engine.advance(4);
    await expect(engine.advance(1)).rejects.toThrow('past the schedule of 4 steps');
    engine.dispose();
    await expect(engine.advance(1)).rejects.toThrow('disposed');
  });

  it('rejects what was pending when the device is lost, and everything after', async () => {
    const { requestGpu } = await import('#gpu/device.ts');
    const context = await requestGpu();
    const config = tinyConfig();
    const engine = await createReplayEngine(context, config);
    await engine.initialize(initialWeights(config.network, config.norm, 1));
    engine.setSchedule(tinySchedule(4));
    const pending = engine.advance(1);
    // As a crash of the GPU process would: not through the context, so it counts as a failure.
    context.device.destroy();
    await expect(pending).rejects.toThrow(/lost|destroyed|abort/i);
    await context.device.lost;
    await expect(engine.advance(1)).rejects.toMatchObject({ name: 'DeviceLostError' });
  });
});

/** One sample's values of one measure. */
function row(history: LayerHistory, measure: 'gradientNorm' | 'smallestDeviation', sample: number) {
  const { length } = history.layers;
  return history[measure].subarray(sample * length, (sample + 1) * length);
}

describe('the layer recorder', () => {
  afterEach(() => void vi.restoreAllMocks());

  it.each([
    { norm: 'bn', ws: true, optimizer: 'adamw' },
    { norm: 'gn', ws: false, optimizer: 'sgd' },
    { norm: 'none', ws: true, optimizer: 'adamw' },
    { norm: 'bn', ws: true, optimizer: 'adamw', gradientClip: 0.5 },
  ] as const)('changes no bit of a run: $norm, ws $ws, $optimizer, clip $gradientClip', async (arm) => {
    const config = tinyConfig({ ...arm, batchSize: 2 });
    const plain = await started(config);
    const plainResults = await plain.advance(7);
    expect(plainResults.gradientNorms).toBeUndefined();
    const losses = [...plainResults.losses];
    const recorded = await started({ ...config, layerSampleEvery: 3 }, 16, { poison: true });
    const pieces = [recorded.advance(1), recorded.advance(6)];
    const early = recorded.layerHistory();
    const results = await Promise.all(pieces);
    expect(results.flatMap((piece) => [...piece.losses])).toEqual(losses);
    expect(bits(await recorded.snapshot())).toEqual(bits(await plain.snapshot()));
    const history = await recorded.layerHistory();
    expect(history.steps).toEqual([0, 3, 6]);
    expect(history).toEqual(await early);
    // What comes with the losses is the norm of all filters' gradients together, where a step was sampled.
    const norms = results.flatMap((piece) => [...piece.gradientNorms!]);
    expect(norms.map(Number.isFinite)).toEqual([true, false, false, true, false, false, true]);
    expectClose(
      norms.filter(Number.isFinite),
      [0, 1, 2].map((sample) => Math.hypot(...row(history, 'gradientNorm', sample))),
      { atol: 0, rtol: 1e-6 },
    );
    expect(await plain.layerHistory()).toMatchObject({ steps: [], layers: [] });
    if (arm.norm === 'none') expect(history.smallestDeviation.every(Number.isNaN)).toBe(true);
    else expect(history.smallestDeviation.every((value) => value > 0)).toBe(true);

    // Short submissions cut sampled steps, too, and the figures are the same.
    const gentle = await started({ ...config, layerSampleEvery: 3 }, 16, { isGentle: true });
    const gentleResults = [await gentle.advance(2), await gentle.advance(5)];
    expect(gentleResults.flatMap((piece) => [...piece.gradientNorms!])).toEqual(norms);
    expect(await gentle.layerHistory()).toEqual(history);
  });

  it('measures what the step did to each layer', async () => {
    const config = tinyConfig({ ws: false, batchSize: 2, layerSampleEvery: 5 });
    const images = signal(3, 2 * 32 * 32 * 3, 0, 1);
    const engine = await started(config, 16, { fixedBatch: { images, labels: Uint32Array.of(3, 8) } });
    const before = await engine.snapshot();
    await engine.advance(1);
    const after = await engine.snapshot();
    const gradients = await engine.readGradients();
    const history = await engine.layerHistory();
    const convolutions = convNorms(config.network);
    expect(history.layers).toEqual(convolutions.map(({ conv }) => conv.name));
    const of = (named: ReadonlyMap<string, Float32Array>, layer: string) => named.get(`${layer}.weight`)!;
    // Some thousand squares in f32.
    const tolerance = { atol: 0, rtol: 1e-5 };
    expectClose(
      history.gradientNorm,
      history.layers.map((layer) => normReference(of(gradients, layer))),
      tolerance,
    );
    expectClose(
      history.relativeUpdate,
      history.layers.map((layer) =>
        relativeUpdateReference(of(before.parameters, layer), of(after.parameters, layer)),
      ),
      tolerance,
    );
    const shape = convShape(config.network.stem.conv, 2);
    const stem = forwardReference(shape, images, of(before.parameters, config.network.stem.conv.name));
    expectClose([history.largestActivation[0]!], [largestMagnitudeReference(stem)], tolerance);
    // The running variance is nine tenths of one and a tenth of the batch's, which has n - 1 in its denominator.
    const deviations = convolutions.map(({ norm }) => {
      const count = 2 * norm.size ** 2;
      const unbiased = after.buffers.get(`${norm.name}.running_var`)!.map((v) => (v - 0.9) / 0.1);
      return Math.sqrt((Math.min(...unbiased) * (count - 1)) / count);
    });
    // A variance is known to some 1e-6 from the running one; of a deviation of a hundredth that is a part in 200.
    expectClose(history.smallestDeviation, deviations, { atol: 1e-5, rtol: 5e-3 });
  });

  it('records the gradient as it was before clipping', async () => {
    const config = tinyConfig({ norm: 'gn', ws: true, batchSize: 2, layerSampleEvery: 1 });
    const clipped = await started({ ...config, gradientClip: 1e-3 });
    await clipped.advance(1);
    const plain = await started(config);
    await plain.advance(1);
    const history = await plain.layerHistory();
    expectClose((await clipped.layerHistory()).gradientNorm, history.gradientNorm, { atol: 0, rtol: 1e-4 });
  });

  it('adds no dispatch to a step that is not sampled', async () => {
    const engine = await started(tinyConfig({ batchSize: 1, layerSampleEvery: 5 }));
    const dispatched = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
    const counts: number[] = [];
    for (let step = 0; step < 6; step++) {
      dispatched.mockClear();
      await engine.advance(1);
      counts.push(dispatched.mock.calls.length - engine.dispatchCount);
    }
    // A sampled step: one for three layers, the copy of the filters, and two for the row.
    expect(counts).toEqual([10, 0, 0, 0, 0, 10]);
  });

  it('keeps the last samples, goes on past NaN and starts anew with another state', async () => {
    const config = tinyConfig({ norm: 'none', ws: false, batchSize: 1, layerSampleEvery: 1 });
    const engine = await started(config);
    const steps = HISTORY_ROWS + 3;
    engine.setSchedule({
      learningRate: new Float64Array(steps).fill(1e8),
      momentum: new Float64Array(steps).fill(0.9),
    });
    const start = await engine.snapshot();
    await engine.advance(HISTORY_ROWS);
    const first = await engine.layerHistory();
    expect(first.steps).toEqual(Array.from({ length: HISTORY_ROWS }, (_, i) => i));
    expect(row(first, 'gradientNorm', 0).every(Number.isFinite)).toBe(true);
    expect(row(first, 'gradientNorm', HISTORY_ROWS - 1).every(Number.isNaN)).toBe(true);
    const { losses, gradientNorms } = await engine.advance(3);
    expect([...losses].every(Number.isNaN)).toBe(true);
    // The rows lie at both ends of the ring.
    expect(gradientNorms).toHaveLength(3);
    const later = await engine.layerHistory();
    expect(later.steps).toEqual(Array.from({ length: HISTORY_ROWS }, (_, i) => i + 3));
    expect(row(later, 'gradientNorm', 0)).toEqual(row(first, 'gradientNorm', 3));
    await engine.restore({ ...start, step: 4 });
    expect((await engine.layerHistory()).steps).toEqual([]);
    await engine.advance(1);
    const again = await engine.layerHistory();
    expect(again.steps).toEqual([4]);
    expect(row(again, 'gradientNorm', 0).every(Number.isFinite)).toBe(true);
  });

  it('refuses to sample every zeroth step', async () => {
    await expect(started(tinyConfig({ layerSampleEvery: 0 }))).rejects.toThrow('layerSampleEvery is 0');
  });
});
