import { afterEach, describe, expect, it, vi } from 'vitest';
import { convNorms } from '#domain/resnet.ts';
import type { LayerHistory } from '#domain/layerHistory.ts';
import { convShape } from '#kernels/conv2d/shape.ts';
import { forwardReference } from '#kernels/conv2d/reference.ts';
import {
  largestMagnitudeReference,
  normReference,
  relativeUpdateReference,
} from '#kernels/layerStatistics/reference.ts';
import { signal } from '#kernels/shared/testData.ts';
import { initialWeights } from '#nn/init.ts';
import { expectClose, testGpu } from '#testing/gpu.ts';
import { tinyConfig, tinySchedule } from '#testing/tinyRun.ts';
import type { EngineConfig, EngineState } from '../engine.ts';
import { createReplayEngine, type ReplayOptions } from './createReplayEngine.ts';
import { HISTORY_ROWS } from './layerMeasurements.ts';
import type { ReplayEngine } from './replayEngine.ts';

const STEPS = 210;

const open: ReplayEngine[] = [];
afterEach(() => {
  vi.restoreAllMocks();
  for (const engine of open.splice(0)) engine.dispose();
});

async function started(config: EngineConfig, options: ReplayOptions = {}): Promise<ReplayEngine> {
  const { context } = await testGpu();
  const engine = await createReplayEngine(context, config, options);
  open.push(engine);
  await engine.initialize(initialWeights(config.network, config.norm, 1));
  engine.setSchedule(tinySchedule(STEPS));
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

/** One sample's values of one measure. */
function row(history: LayerHistory, measure: 'gradientNorm' | 'smallestDeviation', sample: number) {
  const { length } = history.layers;
  return history[measure].subarray(sample * length, (sample + 1) * length);
}

describe('the layer recorder', () => {
  it.each([
    { norm: 'bn', ws: true, optimizer: 'adamw' },
    { norm: 'gn', ws: false, optimizer: 'sgd' },
    { norm: 'none', ws: true, optimizer: 'adamw' },
  ] as const)('changes no bit of a run: $norm, ws $ws, $optimizer', async (arm) => {
    const config = tinyConfig({ ...arm, batchSize: 2 });
    const plain = await started(config);
    const losses = [...(await plain.advance(7)).losses];
    const recorded = await started({ ...config, layerSampleEvery: 3 }, { poison: true });
    const pieces = [recorded.advance(1), recorded.advance(6)];
    const early = recorded.layerHistory();
    expect((await Promise.all(pieces)).flatMap((piece) => [...piece.losses])).toEqual(losses);
    expect(bits(await recorded.snapshot())).toEqual(bits(await plain.snapshot()));
    const history = await recorded.layerHistory();
    expect(history.steps).toEqual([0, 3, 6]);
    expect(history).toEqual(await early);
    expect(await plain.layerHistory()).toMatchObject({ steps: [], layers: [] });
    if (arm.norm === 'none') expect(history.smallestDeviation.every(Number.isNaN)).toBe(true);
    else expect(history.smallestDeviation.every((value) => value > 0)).toBe(true);

    // Short submissions cut sampled steps, too, and the figures are the same.
    const gentle = await started({ ...config, layerSampleEvery: 3 }, { isGentle: true });
    await gentle.advance(2);
    await gentle.advance(5);
    expect(await gentle.layerHistory()).toEqual(history);
  });

  it('measures what the step did to each layer', async () => {
    const config = tinyConfig({ ws: false, batchSize: 2, layerSampleEvery: 5 });
    const images = signal(3, 2 * 32 * 32 * 3, 0, 1);
    const engine = await started(config, { fixedBatch: { images, labels: Uint32Array.of(3, 8) } });
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

  it('adds no dispatch to a step that is not sampled', async () => {
    const engine = await started(tinyConfig({ batchSize: 1, layerSampleEvery: 5 }));
    const dispatched = vi.spyOn(GPUComputePassEncoder.prototype, 'dispatchWorkgroups');
    const counts: number[] = [];
    for (let step = 0; step < 6; step++) {
      dispatched.mockClear();
      await engine.advance(1);
      counts.push(dispatched.mock.calls.length - engine.dispatchCount);
    }
    // A sampled step: one per layer, the copy of the filters, and two for the row.
    expect(counts).toEqual([23, 0, 0, 0, 0, 23]);
  });

  it('keeps the last samples, goes on past NaN and starts anew with another state', async () => {
    const config = tinyConfig({ norm: 'none', ws: false, batchSize: 1, layerSampleEvery: 1 });
    const engine = await started(config);
    engine.setSchedule({
      learningRate: new Float64Array(STEPS).fill(1e8),
      momentum: new Float64Array(STEPS).fill(0.9),
    });
    const start = await engine.snapshot();
    await engine.advance(HISTORY_ROWS);
    const first = await engine.layerHistory();
    expect(first.steps).toEqual(Array.from({ length: HISTORY_ROWS }, (_, i) => i));
    expect(row(first, 'gradientNorm', 0).every(Number.isFinite)).toBe(true);
    expect(row(first, 'gradientNorm', HISTORY_ROWS - 1).every(Number.isNaN)).toBe(true);
    const { losses } = await engine.advance(3);
    expect([...losses].every(Number.isNaN)).toBe(true);
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
