import type { Dataset, ImageSet } from '#domain/dataset.ts';
import { resnet18 } from '#domain/resnet.ts';
import type { EngineConfig, ScheduleTable } from '#engine/engine.ts';
import { randomWord } from '#lib/randomStream.ts';

/** A data set of noise with a class-dependent tint: enough for an engine to compute real numbers on. */
export function tinyDataset(trainCount: number, validCount: number, classes = 10): Dataset {
  const half = (count: number, key: number): ImageSet => {
    const labels = Uint8Array.from({ length: count }, (_, i) => randomWord(key, 90, i) % classes);
    const images = new Uint8Array(count * 3072);
    for (let i = 0; i < images.length; i++) {
      const label = labels[Math.floor(i / 3072)]!;
      images[i] = (randomWord(key, 91, i) & 127) + (i % 3 === label % 3 ? 12 * label : 0);
    }
    return { count, images, labels };
  };
  return {
    info: {
      id: 'tiny',
      title: 'Tiny',
      classNames: Array.from({ length: classes }, (_, i) => `class ${i}`),
      trainCount,
      validCount,
      mean: [0.3, 0.3, 0.3],
      deviation: [0.2, 0.2, 0.2],
      hash: '',
      trainHistogram: [],
      notes: [],
    },
    train: half(trainCount, 1),
    valid: half(validCount, 2),
  };
}

/** The smallest network that has every kind of layer: ResNet-18 of width 4. */
export function tinyConfig(overrides: Partial<EngineConfig> = {}): EngineConfig {
  return {
    network: resnet18({ width: 4, stemPadding: 1, classes: 10 }),
    norm: 'bn',
    ws: true,
    batchSize: 3,
    optimizer: 'adamw',
    weightDecay: 0.01,
    augmentation: 'crop-flip',
    seed: 7,
    dataset: tinyDataset(24, 10),
    ...overrides,
  };
}

/** A schedule in which every step differs from the last. */
export function tinySchedule(steps: number): ScheduleTable {
  return {
    learningRate: Float64Array.from({ length: steps }, (_, i) => 1e-3 * (1 + (i % 7))),
    momentum: Float64Array.from({ length: steps }, (_, i) => 0.95 - 0.01 * (i % 9)),
  };
}
