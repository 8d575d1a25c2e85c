import { convNorms, parameterTable, type NetworkSpec } from '#domain/resnet.ts';
import type { Norm } from '#domain/experiment.ts';

/** The numbers that every system in the comparison starts from. */
export interface StartingPoint {
  /** `[N, H, W, C]`, standard normal. */
  readonly images: Float32Array;
  readonly labels: Uint32Array;
  /** By torchvision's names, in this app's layouts. */
  readonly weights: ReadonlyMap<string, Float32Array>;
}

/** Word `i` of a counter-based generator (mulberry32), so that NumPy and other systems make the same stream. */
function bits(seed: number, i: number): number {
  let t = (seed + Math.imul(i + 1, 0x6d2b79f5)) | 0;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return (t ^ (t >>> 14)) >>> 0;
}

function normal(seed: number, count: number, deviation: number): Float32Array {
  const uniform = (i: number): number => (bits(seed, i) + 0.5) / 0x100000000;
  return Float32Array.from(
    { length: count },
    (_, i) =>
      deviation * Math.sqrt(-2 * Math.log(uniform(2 * i))) * Math.cos(2 * Math.PI * uniform(2 * i + 1)),
  );
}

/**
 * The starting point that the comparison of systems has agreed on: He-normal filters (fan in) numbered
 * from seed 1000 in the order stem, then first, second, shortcut of each block; a normal classifier (seed
 * 3); one batch of standard normal images (seed 1) with labels (seed 2).
 */
export function startingPoint(network: NetworkSpec, norm: Norm, batchSize: number): StartingPoint {
  const { imageSize, classes, features } = network;
  const order = [
    network.stem,
    ...network.blocks.flatMap(({ first, second, shortcut }) => [
      first,
      second,
      ...(shortcut ? [shortcut] : []),
    ]),
  ];
  const seeds = new Map(order.map(({ conv }, i) => [conv.name, 1000 + i]));
  const weights = new Map<string, Float32Array>();
  for (const { conv } of convNorms(network)) {
    const { kernel, inChannels, outChannels, name } = conv;
    const fanIn = inChannels * kernel ** 2;
    const drawn = normal(seeds.get(name)!, fanIn * outChannels, Math.sqrt(2 / fanIn));
    weights.set(`${name}.weight`, fromOihw(drawn, outChannels, inChannels, kernel));
  }
  const classifier = normal(3, classes * features, 1 / Math.sqrt(features));
  weights.set('fc.weight', transpose(classifier, classes, features));
  weights.set('fc.bias', new Float32Array(classes));
  for (const { name, kind, size } of parameterTable(network, norm).tensors) {
    if (kind === 'scale') weights.set(name, new Float32Array(size).fill(1));
    if (kind === 'shift') weights.set(name, new Float32Array(size));
  }
  return {
    images: fromNchw(normal(1, batchSize * 3 * imageSize ** 2, 1), batchSize, imageSize ** 2),
    labels: Uint32Array.from({ length: batchSize }, (_, i) => bits(2, i) % classes),
    weights,
  };
}

function fromOihw(
  values: Float32Array,
  outChannels: number,
  inChannels: number,
  kernel: number,
): Float32Array {
  const taps = kernel ** 2;
  const out = new Float32Array(values.length);
  for (let o = 0; o < outChannels; o++)
    for (let i = 0; i < inChannels; i++)
      for (let tap = 0; tap < taps; tap++)
        out[(tap * inChannels + i) * outChannels + o] = values[(o * inChannels + i) * taps + tap]!;
  return out;
}

function fromNchw(values: Float32Array, batchSize: number, pixels: number): Float32Array {
  const out = new Float32Array(values.length);
  for (let n = 0; n < batchSize; n++)
    for (let c = 0; c < 3; c++)
      for (let p = 0; p < pixels; p++) out[(n * pixels + p) * 3 + c] = values[(n * 3 + c) * pixels + p]!;
  return out;
}

function transpose(values: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(values, (_, i) => values[(i % rows) * columns + Math.floor(i / rows)]!);
}
