import { afterEach, describe, expect, it, vi } from 'vitest';
import { resnet18 } from '#domain/resnet.ts';
import type { GpuContext } from '#gpu/device.ts';
import { filterGradientSplits } from '#kernels/conv2d/kernel.ts';
import type { ConvShape } from '#kernels/conv2d/shape.ts';
import { convVariants, defaultVariant, type ConvPass, type TileVariant } from '#kernels/conv2d/variants.ts';
import { shapeOf } from '#kernels/conv2d/testShapes.ts';
import { expectGolden, goldenRun, type GoldenName } from '#testing/golden.ts';
import { testGpu } from '#testing/gpu.ts';
import { createReplayEngine } from './createReplayEngine.ts';
import { TileBench } from './tileBench.ts';
import { tiledLayers } from './tiles.ts';
import { Tuner, type TuningChoices, type TuningStore } from './tuner.ts';
import {
  defaultTunings,
  tunedParts,
  tuningName,
  withTunings,
  type KernelTunings,
  type TunedPart,
  type TunedRun,
  type Tunings,
} from './tunings.ts';

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
const run: TunedRun = { network, batchSize: 1, norm: 'none', ws: false, optimizer: 'adamw' };

let shared: Promise<GpuContext> | undefined;

/**
 * The test's adapter, taken for a graphics card: it chooses as one, and computes as slowly as before. One for all
 * tests, so that what one has compiled serves the others.
 */
function card(): Promise<GpuContext> {
  shared ??= testGpu().then(({ context }) => {
    const adapter = { ...context.adapter, isFallback: false };
    // Its failure stays the device's, which a copy would not have.
    return Object.create(context, { adapter: { value: adapter } }) as GpuContext;
  });
  return shared;
}

/** As wide as the golden runs, which compile the same kernels. */
const of8: TunedRun = { ...run, network: resnet18({ width: 8, stemPadding: 1, classes: 10 }) };

/** Too many threads for any adapter: does not compile. */
const broken = (name: string): TileVariant => ({
  ...defaultVariant('forward', shapeOf(1, 4, 4, 3, 1, 1, 8), false),
  name,
  threads: [64, 64],
});

/** The same of every other kernel. */
const BROKEN: KernelTunings = {
  norm: { lanes: 4096, pixelsPerLane: 1 },
  relu: { lanes: 4096, vectors: 1 },
  head: { lanes: 4096, pixelsPerLane: 1 },
  filters: { rows: 4096 },
  optimizer: { lanes: 4096, vectors: 1 },
};

afterEach(() => vi.restoreAllMocks());

describe('the tuner', () => {
  it('decides everything at once, by default where the time is spent, and never again', async () => {
    const context = await card();
    const store = new MemoryStore();
    const first = await new Tuner(context, store).decide(run, { budgetMs: 0 });
    const tiles = tiledLayers(network, 1).map(({ key, pass, shape }) => [
      key,
      defaultVariant(pass, shape, false).name,
    ]);
    const parts = tunedParts(run).map(({ part, key }) => [key, tuningName(part, defaultTunings(false))]);
    expect(first).toEqual(Object.fromEntries([...tiles, ...parts]));
    expect(Object.keys(first).filter((key) => key.startsWith('forward n64'))).not.toEqual([]);
    expect(store.choices).toEqual(first);
    const again = new Tuner(context, store, {
      tiles: () => {
        throw new Error('nothing is left to measure');
      },
    });
    expect(await again.decide(run)).toEqual(first);
  });

  it('decides what a file from before there were other choices than tiles leaves open', async () => {
    const context = await card();
    const store = new MemoryStore();
    const tiles = tiledLayers(network, 1).map(({ key, pass, shape }) => [
      key,
      convVariants(pass, shape, context.limits, context.features).at(-1)!.name,
    ]);
    store.choices = Object.fromEntries(tiles);
    const told: [number, number][] = [];
    const all = await new Tuner(context, store).decide(run, {
      budgetMs: 0,
      onProgress: (...progress) => void told.push(progress),
    });
    const keys = tunedParts(run).map(({ key }) => key);
    expect(all).toMatchObject(Object.fromEntries(tiles));
    expect(Object.keys(all)).toEqual(expect.arrayContaining(keys));
    expect(told).toEqual(keys.map((_, i) => [i + 1, keys.length]));
  });

  it('measures what its time reaches, and holds to it though the storage is cleared', async () => {
    const context = await card();
    const store = new MemoryStore();
    // Two are enough here: compiling is slow.
    const tiles: typeof convVariants = (...layer) => convVariants(...layer).slice(3, 5);
    const tuner = new Tuner(context, store, { tiles });
    const told: number[] = [];
    const onProgress = (done: number): void => void told.push(done);
    // Twice at the same time, as two requests of a page could.
    const [first, same] = await Promise.all([
      tuner.decide(run, { budgetMs: 300, onProgress }),
      tuner.decide(run, { budgetMs: 300 }),
    ]);
    const layers = tiledLayers(network, 1);
    expect(told).toEqual([...layers, ...tunedParts(run)].map((_, i) => i + 1));
    for (const { key, pass, shape } of layers) {
      expect(convVariants(pass, shape, context.limits, context.features).map(({ name }) => name)).toContain(
        first[key],
      );
    }
    expect(same).toEqual(first);
    store.choices = {};
    expect(await tuner.decide(run)).toEqual(first);
    expect(context.failure).toBeUndefined();
  });

  it('ends before the next measurement where it is stopped, and has then decided nothing', async () => {
    const context = await card();
    const store = new MemoryStore();
    const tuner = new Tuner(context, store);
    const total = tiledLayers(network, 1).length + tunedParts(run).length;
    const stop = new AbortController();
    let told = 0;
    const onProgress = (done: number): void => {
      told = done;
      // Among the kernels beside the convolutions.
      if (done === total - 1) stop.abort();
    };
    const stopped = tuner.decide(run, { budgetMs: 0, onProgress, signal: stop.signal });
    await expect(stopped).rejects.toThrow(DOMException);
    expect(told).toBe(total - 1);
    expect(store.choices).toEqual({});
    expect(Object.keys(await tuner.decide(run, { budgetMs: 0 }))).toHaveLength(total);
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
    const { conv } = await new Tuner(context, store).choose(run, { budgetMs: 0 });
    expect(conv(pass, shape)).toEqual(other);
  });

  it('takes the default for a name that it does not know', async () => {
    const context = await card();
    const [{ key, pass, shape }] = tiledLayers(network, 1) as [ReturnType<typeof tiledLayers>[number]];
    const store = new MemoryStore();
    const { key: partKey } = tunedParts(run)[0]!;
    store.choices = { [key]: 'of a later version', [partKey]: 'of a later version' };
    const { conv, ...others } = await new Tuner(context, store).choose(run, { budgetMs: 0 });
    expect(conv(pass, shape)).toEqual(defaultVariant(pass, shape, false));
    expect({ ...others, conv }).toEqual({ ...defaultTunings(false), conv });
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

    const none = { tiles: () => [broken('one')], parts: () => [] };
    const { conv } = await new Tuner(context, undefined, none).choose(run);
    expect(conv(pass, shape)).toEqual(defaultVariant(pass, shape, false));
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

  it.each([of8, { ...of8, norm: 'bn', ws: true }, { ...of8, norm: 'gn', optimizer: 'sgd' }] as const)(
    'measures the kernels beside the convolutions ($norm, ws: $ws) once, and takes what it has found',
    async (each) => {
      const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined);
      const context = await card();
      const store = new MemoryStore();
      // Compiling for wide workgroups takes a software adapter long: one is enough, and one that none compiles.
      const parts = (of: TunedRun): readonly TunedPart[] =>
        tunedParts(of).map((part) => ({ ...part, candidates: [BROKEN, part.candidates.at(-1)!] }));
      const tiles = tiledLayers(each.network, each.batchSize).map(({ key }) => [key, 'chosen before']);
      store.choices = Object.fromEntries(tiles);
      const tunings = await new Tuner(context, store, { parts }).choose(each, { budgetMs: 60_000 });
      for (const { part, key, candidates } of parts(each)) {
        expect(store.choices[key]).toBe(tuningName(part, candidates[1]!));
        expect(tuningName(part, tunings)).toBe(store.choices[key]);
      }
      expect(warn).toHaveBeenCalledTimes(parts(each).length);
      const { choices } = store;
      const again = await new Tuner(context, store, { parts }).choose(each);
      expect({ ...again, conv: undefined }).toEqual({ ...tunings, conv: undefined });
      expect(store.choices).toBe(choices);
      expect(context.failure).toBeUndefined();
    },
    60_000,
  );
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
          tunings: {
            ...defaultTunings(false),
            conv: (pass, shape) =>
              // Once is enough for the tiles.
              config.ws
                ? convVariants(pass, shape, context.limits, context.features).findLast(KINDS[pass])!
                : defaultVariant(pass, shape, true),
          },
        }),
      name,
      { steps: 1 },
    );
    expect(context.failure).toBeUndefined();
  },
  PATIENCE_MS,
);

/** Of each part the candidate of a card at `index`; what has none there takes what a software adapter is fast with. */
function candidatesAt(of: TunedRun, index: number): Tunings {
  return withTunings(
    defaultTunings(true),
    tunedParts(of).map(({ candidates }) => candidates[index]),
  );
}

it.each(['bn+ws adamw', 'gn sgd', 'none adamw'] as const satisfies readonly GoldenName[])(
  'a step in any other tuning than the default of a card reproduces the golden run %s',
  async (name) => {
    const context = await card();
    const { config } = await goldenRun(name);
    const count = Math.max(...tunedParts(config).map(({ candidates }) => candidates.length));
    for (let index = 1; index < count; index++) {
      const tunings = candidatesAt(config, index);
      await expectGolden((same) => createReplayEngine(context, same, { tunings }), name, { steps: 1 });
    }
    expect(context.failure).toBeUndefined();
  },
  PATIENCE_MS,
);
