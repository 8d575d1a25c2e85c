import { convNorms, type ConvSpec, type NetworkSpec } from '#domain/resnet.ts';
import { convShape, multiplyAdds, type ConvShape } from '#kernels/conv2d/shape.ts';
import type { ConvPass } from '#kernels/conv2d/variants.ts';
import { Fnv1a } from '#lib/fnv.ts';
import { defaultTunings, tunedParts, tuningName, type TunedRun, type Tunings } from './tunings.ts';

/** Images of one evaluation batch, where there are so many: enough to occupy a GPU. */
export const EVALUATION_BATCH = 64;

/** A pass and a shape that a tile is chosen for. */
export interface TiledLayer {
  readonly pass: ConvPass;
  readonly shape: ConvShape;
  /** Names both. */
  readonly key: string;
}

const PASSES: readonly ConvPass[] = ['forward', 'inputGradient', 'filterGradient'];

/**
 * Everything that a run chooses tiles for, costliest first: the passes of a training step, then what evaluation, which
 * comes once in an epoch, does in batches of its own. Layers of one shape count together.
 */
export function tiledLayers(network: NetworkSpec, batch: number): readonly TiledLayer[] {
  const training = layersOf(network, batch, (conv) =>
    // The stem's input needs no gradient.
    conv === network.stem.conv ? PASSES.filter((pass) => pass !== 'inputGradient') : PASSES,
  );
  const keys = new Set(training.map(({ key }) => key));
  const evaluation = layersOf(network, EVALUATION_BATCH, () => ['forward']);
  return [...training, ...evaluation.filter(({ key }) => !keys.has(key))];
}

/**
 * Eight hexadecimal digits that are equal where a run computes with the same tiles and tunings: other ones add in
 * another order, and so leave other bits.
 * @param isFallback whether the adapter is a software one.
 */
export function tilesHash(run: TunedRun, tunings: Tunings, isFallback: boolean): string {
  const tiles = tiledLayers(run.network, run.batchSize).map(
    ({ key, pass, shape }) => `${key}: ${tunings.conv(pass, shape).name}`,
  );
  const defaults = defaultTunings(isFallback);
  // A default adds no line: states are kept from before these were chosen, and all had the default.
  const others = tunedParts(run).flatMap(({ part, key }) => {
    const name = tuningName(part, tunings);
    return name === tuningName(part, defaults) ? [] : [`${key}: ${name}`];
  });
  return new Fnv1a().update(new TextEncoder().encode([...tiles, ...others].join('\n'))).hex();
}

function layersOf(
  network: NetworkSpec,
  batch: number,
  passesOf: (conv: ConvSpec) => readonly ConvPass[],
): TiledLayer[] {
  const found = new Map<string, TiledLayer & { cost: number }>();
  for (const { conv } of convNorms(network)) {
    const shape = convShape(conv, batch);
    for (const pass of passesOf(conv)) {
      const key = layerKey(pass, shape);
      const entry = found.get(key) ?? { pass, shape, key, cost: 0 };
      entry.cost += multiplyAdds(shape);
      found.set(key, entry);
    }
  }
  return [...found.values()].toSorted((a, b) => b.cost - a.cost);
}

/** Names a pass and a shape, as choices are kept. */
export function layerKey(pass: ConvPass, shape: ConvShape): string {
  const { batch, inChannels, outChannels, kernel, stride, padding, inSize } = shape;
  return `${pass} n${batch} ${inSize}x${inSize}x${inChannels} k${kernel}s${stride}p${padding} ${outChannels}`;
}
