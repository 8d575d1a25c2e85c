import type { Dataset, ImageSet } from '#domain/dataset.ts';
import { resnet18 } from '#domain/resnet.ts';
import type { EngineMemory } from '#engine/engine.ts';
import { createReplayEngine } from '#engine/replay/createReplayEngine.ts';
import { startWeights } from '#engine/startWeights.ts';
import { requestGpu } from '#gpu/device.ts';
import { randomWord } from '#lib/randomStream.ts';
import { countLiveBuffers, liveBuffers, type LiveBuffers } from './liveBuffers.ts';
import type { BenchCase } from './stepBenchmark.ts';

/** What must not grow with the number of steps. */
export interface SoakFigures {
  readonly step: number;
  readonly engine: EngineMemory;
  /** Of the whole page, as the device was asked for them. */
  readonly live: LiveBuffers;
}

/** A run that goes on for as long as it is asked to. */
export interface Soak {
  /** Trains `epochs` epochs as the app does, with an evaluation and a snapshot after each. */
  run(epochs: number): Promise<void>;
  figures(): SoakFigures;
  readonly stepsPerEpoch: number;
  dispose(): void;
}

const STEPS_PER_EPOCH = 50;
const MOST_STEPS = 100_000;

/** Everything that a run of the app uses: gathering, augmentation, layer measurements, evaluation, snapshots. */
export async function openSoak({ width, batch, norm, ws }: BenchCase): Promise<Soak> {
  countLiveBuffers();
  const context = await requestGpu();
  const dataset = noise(STEPS_PER_EPOCH * batch, 4);
  const network = resnet18({ width, stemPadding: 1, classes: 10 });
  const engine = await createReplayEngine(
    context,
    {
      network,
      norm,
      ws,
      batchSize: batch,
      optimizer: 'adamw',
      weightDecay: 0.01,
      augmentation: 'crop-flip',
      seed: 0,
      dataset,
      layerSampleEvery: 5,
    },
    { isGentle: true },
  );
  await engine.initialize(startWeights(network, norm, 0).weights);
  engine.setSchedule({
    learningRate: new Float64Array(MOST_STEPS).fill(1e-3),
    momentum: new Float64Array(MOST_STEPS).fill(0.9),
  });
  let step = 0;
  return {
    async run(epochs) {
      for (let epoch = 0; epoch < epochs; epoch++) {
        engine.setOrder(
          Uint32Array.from({ length: STEPS_PER_EPOCH * batch }, (_, i) => i),
          step,
        );
        const end = step + STEPS_PER_EPOCH;
        while (step < end) {
          const count = Math.min(engine.stepsPerAdvance, end - step);
          step += count;
          const { losses } = await engine.advance(count);
          if (!losses.every(Number.isFinite)) throw new Error(`The loss is not finite by step ${step}`);
        }
        await engine.evaluate('valid', dataset.valid.count);
        await engine.layerHistory();
        await engine.snapshot();
      }
    },
    figures: () => ({ step, engine: engine.memory(), live: liveBuffers() }),
    stepsPerEpoch: STEPS_PER_EPOCH,
    dispose() {
      engine.dispose();
      context.dispose();
    },
  };
}

function noise(trainCount: number, validCount: number): Dataset {
  const half = (count: number, key: number): ImageSet => ({
    count,
    images: Uint8Array.from({ length: count * 3072 }, (_, i) => randomWord(key, 0, i) & 255),
    labels: Uint8Array.from({ length: count }, (_, i) => i % 10),
  });
  return {
    info: {
      id: 'noise',
      title: 'Noise',
      classNames: [],
      trainCount,
      validCount,
      mean: [0.5, 0.5, 0.5],
      deviation: [0.3, 0.3, 0.3],
      hash: '',
      trainHistogram: [],
      notes: [],
    },
    train: half(trainCount, 1),
    valid: half(validCount, 2),
  };
}
