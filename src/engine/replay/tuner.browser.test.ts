import { afterEach, describe, expect, it, vi } from 'vitest';
import { resnet18 } from '#domain/resnet.ts';
import type { GpuContext } from '#gpu/device.ts';
import { filterGradientSplits } from '#kernels/conv2d/kernel.ts';
import type { ConvShape } from '#kernels/conv2d/shape.ts';
import { convVariants, defaultVariant, type ConvPass, type TileVariant } from '#kernels/conv2d/variants.ts';
import { shapeOf } from '#kernels/conv2d/testShapes.ts';
import { expectGolden, type GoldenName } from '#testing/golden.ts';
import { testGpu } from '#testing/gpu.ts';
import { createReplayEngine } from './createReplayEngine.ts';
import { TileBench } from './tileBench.ts';
import { tiledLayers, tilesHash } from './tiles.ts';
import { Tuner, type TuningChoices, type TuningStore } from './tuner.ts';

class MemoryStore implements TuningStore {
  choices: TuningChoices = {};
  async load(): Promise<TuningChoices> {
    return this.choices;
  }
  async add(_adapter: string, choices: TuningChoices): Promise<TuningChoices> {
    this.choices = { ...choices, ...this.choices };
    return this.choices;
  }
}

const network = resnet18({ width: 4, stemPadding: 1, classes: 10 });

/** The test's adapter, taken for a graphics card: it chooses as one, and computes as slowly as before. */
async function card(): Promise<GpuContext> {
  const { context } = await testGpu();
  return { ...context, adapter: { ...context.adapter, isFallback: false } };
}

/** Too many threads for any adapter: does not compile. */
const broken = (name: string): TileVariant => ({
  ...defaultVariant('forward', shapeOf(1, 4, 4, 3, 1, 1, 8), false),
  name,
  threads: [64, 64],
});

afterEach(() => vi.restoreAllMocks());

describe('the tuner', () => {
  it('decides every layer at once, by default where the time is spent, and never again', async () => {
    const context = await card();
    const store = new MemoryStore();
    const first = await new Tuner(context, store).decide(network, 1, { budgetMs: 0 });
    const defaults = tiledLayers(network, 1).map(({ key, pass, shape }) => [
      key,
      defaultVariant(pass, shape, false).name,
    ]);
    expect(first).toEqual(Object.fromEntries(defaults));
    expect(Object.keys(first).filter((key) => key.startsWith('forward n64'))).not.toEqual([]);
    expect(store.choices).toEqual(first);
    const again = new Tuner(context, store, () => {
      throw new Error('nothing is left to measure');
    });
    expect(await again.decide(network, 1)).toEqual(first);
  });

  it('measures what its time reaches, and holds to it though the storage is cleared', async () => {
    const context = await card();
    const store = new MemoryStore();
    // Two are enough here: compiling is slow.
    const variants: typeof convVariants = (...layer) => convVariants(...layer).slice(3, 5);
    const tuner = new Tuner(context, store, variants);
    const told: number[] = [];
    const onProgress = (done: number): void => void told.push(done);
    // Twice at the same time, as two requests of a page could.
    const [first, same] = await Promise.all([
      tuner.decide(network, 1, { budgetMs: 300, onProgress }),
      tuner.decide(network, 1, { budgetMs: 300 }),
    ]);
    const layers = tiledLayers(network, 1);
    expect(told).toEqual(layers.map((_, i) => i + 1));
    for (const { key, pass, shape } of layers) {
      expect(convVariants(pass, shape, context.limits, context.features).map(({ name }) => name)).toContain(
        first[key],
      );
    }
    expect(same).toEqual(first);
    store.choices = {};
    expect(await tuner.decide(network, 1)).toEqual(first);
    expect(context.failure).toBeUndefined();
  });

  it('takes what another tab has chosen meanwhile', async () => {
    const context = await card();
    const [{ key, pass, shape }] = tiledLayers(network, 1) as [ReturnType<typeof tiledLayers>[number]];
    const isDefault = ({ name }: TileVariant): boolean => name === defaultVariant(pass, shape, false).name;
    const other = convVariants(pass, shape, context.limits, context.features).find(
      (variant) => !isDefault(variant),
    )!;
    const store = new MemoryStore();
    store.load = async () => ({});
    store.choices = { [key]: other.name };
    const choose = await new Tuner(context, store).choose(network, 1, { budgetMs: 0 });
    expect(choose(pass, shape)).toEqual(other);
  });

  it('takes the default for a name that it does not know', async () => {
    const context = await card();
    const [{ key, pass, shape }] = tiledLayers(network, 1) as [ReturnType<typeof tiledLayers>[number]];
    const store = new MemoryStore();
    store.choices = { [key]: 'of a later version' };
    const choose = await new Tuner(context, store).choose(network, 1, { budgetMs: 0 });
    expect(choose(pass, shape)).toEqual(defaultVariant(pass, shape, false));
  });

  it('leaves out what does not compile, and takes the default where nothing does', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined);
    const context = await card();
    const [{ pass, shape }] = tiledLayers(network, 1) as [ReturnType<typeof tiledLayers>[number]];
    const sound = convVariants(pass, shape, context.limits, context.features)[3]!;
    const bench = await TileBench.open(context, [{ pass, shape, candidates: [sound] }]);
    const candidates = [broken('one'), sound, broken('two')];
    expect(await bench.fastest({ pass, shape, candidates }, Infinity)).toBe(sound.name);
    expect(warn).toHaveBeenCalledTimes(2);
    expect(await bench.fastest({ pass, shape, candidates }, 0)).toBeUndefined();
    bench.dispose();

    const choose = await new Tuner(context, undefined, () => [broken('one')]).choose(network, 1);
    expect(choose(pass, shape)).toEqual(defaultVariant(pass, shape, false));
    expect(context.failure).toBeUndefined();
  });

  it('leaves out what compiles and cannot be run, and what is not made for the size', async () => {
    vi.spyOn(console, 'warn').mockReturnValue(undefined);
    const context = await card();
    const run = async (pass: ConvPass, shape: ConvShape, sound: TileVariant, other: TileVariant) => {
      const bench = await TileBench.open(context, [{ pass, shape, candidates: [sound] }]);
      const candidates = [{ ...other, name: 'unfit' }, sound];
      expect(await bench.fastest({ pass, shape, candidates }, Infinity)).toBe(sound.name);
      bench.dispose();
    };
    // Partial sums that have no room in the buffers of the bench.
    const shape = shapeOf(2, 8, 8, 3, 1, 1, 16);
    const byParts = convVariants('filterGradient', shape, context.limits, context.features).toSorted(
      (a, b) => filterGradientSplits(shape, a) - filterGradientSplits(shape, b),
    );
    await run('filterGradient', shape, byParts[0]!, byParts.at(-1)!);
    // More workgroups than a dispatch may have: refused before anything is compiled.
    const image = shapeOf(1, 1, 4, 1, 1, 0, 520);
    const [large] = convVariants('forward', image, context.limits, context.features);
    const small: TileVariant = { ...large!, rows: 4, columns: 4, threads: [1, 1], depth: 4 };
    const bench = await TileBench.open(context, [{ pass: 'forward', shape: image, candidates: [large!] }]);
    const contest = { pass: 'forward', shape: image, candidates: [small] } as const;
    expect(await bench.fastest(contest, Infinity)).toBeUndefined();
    bench.dispose();
    expect(context.failure).toBeUndefined();
  });
});

it('tells choices of tiles apart by their hash', () => {
  const defaults = tilesHash(network, 2, (pass, shape) => defaultVariant(pass, shape, false));
  expect(tilesHash(network, 2, (pass, shape) => defaultVariant(pass, shape, false))).toBe(defaults);
  expect(tilesHash(network, 2, (pass, shape) => defaultVariant(pass, shape, true))).not.toBe(defaults);
});

/** One of each kind: strips, tiles, and tiles whose depth threads share. Every one meets every shape in `conv2d`. */
const KINDS: Record<ConvPass, (variant: TileVariant) => boolean> = {
  forward: ({ kind, slices }) => kind === 'tiles' && slices > 1,
  inputGradient: ({ kind }) => kind === 'strips',
  filterGradient: ({ kind, slices }) => kind === 'tiles' && slices === 1,
};

/** Compiling for wide workgroups takes a software adapter long. */
const PATIENCE_MS = 300_000;

it.each(['bn+ws adamw', 'gn sgd'] as const satisfies readonly GoldenName[])(
  'a step in the tiles and tunings of a card reproduces the golden run %s',
  async (name) => {
    const context = await card();
    await expectGolden(
      (config) =>
        createReplayEngine(context, config, {
          choose: (pass, shape) =>
            // Once is enough for the tiles.
            config.ws
              ? convVariants(pass, shape, context.limits, context.features).findLast(KINDS[pass])!
              : defaultVariant(pass, shape, true),
        }),
      name,
      { steps: 1 },
    );
    expect(context.failure).toBeUndefined();
  },
  PATIENCE_MS,
);
