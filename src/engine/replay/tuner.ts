import type { GpuContext } from '#gpu/device.ts';
import { convVariants, defaultVariant } from '#kernels/conv2d/variants.ts';
import { PartBench } from './partBench.ts';
import { TileBench, type Contest } from './tileBench.ts';
import { layerKey, tiledLayers, type TiledLayer } from './tiles.ts';
import {
  defaultTunings,
  tunedParts,
  tuningName,
  withTunings,
  type ChooseVariant,
  type TunedPart,
  type TunedRun,
  type Tunings,
} from './tunings.ts';

/** Names of tiles by pass and shape, and of tunings by what they are for, as they are kept for an adapter. */
export type TuningChoices = Readonly<Record<string, string>>;

/** Where choices outlive the page. Both resolve, whatever becomes of the storage. */
export interface TuningStore {
  load(adapter: string): Promise<TuningChoices>;
  /**
   * Keeps choices for what has none yet: a choice that was made is never changed.
   * @returns all that holds for the adapter now, which another tab may have chosen meanwhile.
   */
  add(adapter: string, choices: TuningChoices): Promise<TuningChoices>;
}

export interface TuningOptions {
  /** Time for all measurements of one run, milliseconds; what is not reached takes the default. */
  readonly budgetMs?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the measurement before the next layer or part, by its reason; nothing is then decided. */
  readonly signal?: AbortSignal;
}

const BUDGET_MS = 2000;
/** Share of the budget that the convolutions, which come first, leave to everything else. */
const RESERVED = 1 / 4;

/** Takes the name that was found for a key. */
type Decide = (key: string, name: string) => void;

/** Where candidates come from; other ones for tests alone. */
const CANDIDATES = { tiles: convVariants, parts: tunedParts };

/**
 * Chooses tiles, and how other kernels are cut, by timing the candidates on the adapter at hand: what is fastest on
 * one is the slowest on another.
 *
 * Another tile may add in another order, so a choice is made once for an adapter and then stays: everything that a
 * network, its normalization and batch need is decided before the first step of its first run, and what the budget
 * does not reach takes the default for good. Every later run, resumed, forked, raced or measured, finds the same.
 *
 * A software adapter takes the defaults: they were measured on SwiftShader, the one that browsers ship,
 * and timing it again would cost more than it could gain.
 */
export class Tuner {
  readonly #context: GpuContext;
  readonly #store: TuningStore | undefined;
  readonly #candidates: typeof CANDIDATES;
  /** What this page has seen to hold; stays, also where it could not be kept. */
  #choices: TuningChoices = {};
  #deciding: Promise<unknown> = Promise.resolve();

  constructor(context: GpuContext, store?: TuningStore, candidates: Partial<typeof CANDIDATES> = {}) {
    this.#context = context;
    this.#store = store;
    this.#candidates = { ...CANDIDATES, ...candidates };
  }

  /** Names the adapter in the store. */
  get adapterKey(): string {
    const { vendor, architecture, device, description } = this.#context.adapter;
    return [vendor, architecture, device, description].join('|');
  }

  /** Decides what is not yet decided for `run` and returns what holds. */
  async choose(run: TunedRun, options: TuningOptions = {}): Promise<Tunings> {
    const { isFallback } = this.#context.adapter;
    if (isFallback) return defaultTunings(isFallback);
    const choices = await this.decide(run, options);
    const chosen = this.#candidates
      .parts(run)
      .map(({ part, key, candidates }) =>
        candidates.find((candidate) => tuningName(part, candidate) === choices[key]),
      );
    return withTunings({ ...defaultTunings(isFallback), conv: this.#tiles(choices) }, chosen);
  }

  /** Decides everything that is not yet decided, by measurement, the costliest first, until the budget is spent. */
  decide(run: TunedRun, options: TuningOptions = {}): Promise<TuningChoices> {
    // One at a time: two would time each other.
    const decided = this.#deciding.then(() => this.#decide(run, options));
    this.#deciding = decided.catch(() => undefined);
    return decided;
  }

  async #decide(run: TunedRun, options: TuningOptions): Promise<TuningChoices> {
    const known = { ...(await this.#store?.load(this.adapterKey)), ...this.#choices };
    const isOpen = ({ key }: { readonly key: string }): boolean => !(key in known);
    const layers = tiledLayers(run.network, run.batchSize).filter(isOpen);
    const parts = this.#candidates.parts(run).filter(isOpen);
    if (layers.length + parts.length === 0) {
      this.#choices = known;
      return known;
    }
    const found = await this.#measure(run, layers, parts, known, options);
    const kept = (await this.#store?.add(this.adapterKey, found)) ?? found;
    this.#choices = { ...kept, ...this.#choices };
    return this.#choices;
  }

  async #measure(
    run: TunedRun,
    layers: readonly TiledLayer[],
    parts: readonly TunedPart[],
    known: TuningChoices,
    { budgetMs = BUDGET_MS, onProgress, signal }: TuningOptions,
  ): Promise<TuningChoices> {
    const begun = performance.now();
    const choices: Record<string, string> = {};
    let done = 0;
    const decide = (key: string, name: string): void => {
      choices[key] = name;
      onProgress?.(++done, layers.length + parts.length);
      signal?.throwIfAborted();
    };
    signal?.throwIfAborted();
    if (layers.length > 0) {
      const share = parts.length > 0 ? 1 - RESERVED : 1;
      await this.#measureTiles(layers, begun + share * budgetMs, decide);
    }
    if (parts.length > 0) {
      const conv = this.#tiles({ ...known, ...choices });
      await this.#measureParts(run, parts, conv, begun + budgetMs, decide);
    }
    return choices;
  }

  async #measureTiles(layers: readonly TiledLayer[], deadline: number, decide: Decide): Promise<void> {
    const contests = layers.map((layer) => this.#contest(layer));
    const bench = await TileBench.open(this.#context, contests);
    try {
      for (const [i, { key, pass, shape }] of layers.entries()) {
        const fastest = await bench.fastest(contests[i]!, deadline);
        decide(key, fastest ?? defaultVariant(pass, shape, this.#context.adapter.isFallback).name);
      }
    } finally {
      bench.dispose();
    }
  }

  async #measureParts(
    run: TunedRun,
    parts: readonly TunedPart[],
    conv: ChooseVariant,
    deadline: number,
    decide: Decide,
  ): Promise<void> {
    const defaults = defaultTunings(this.#context.adapter.isFallback);
    const bench = await PartBench.open(this.#context, run, conv);
    try {
      for (const entry of parts) {
        const fastest = await bench.fastest(entry, deadline);
        decide(entry.key, fastest ?? tuningName(entry.part, defaults));
      }
    } finally {
      bench.dispose();
    }
  }

  #tiles(choices: TuningChoices): ChooseVariant {
    return (pass, shape) => {
      const name = choices[layerKey(pass, shape)];
      const { limits, features, adapter } = this.#context;
      const variants = this.#candidates.tiles(pass, shape, limits, features);
      return (
        variants.find((variant) => variant.name === name) ?? defaultVariant(pass, shape, adapter.isFallback)
      );
    };
  }

  /** The default comes first: where time runs out among the candidates, one that beats it may still win. */
  #contest({ pass, shape }: TiledLayer): Contest {
    const { limits, features, adapter } = this.#context;
    const { name } = defaultVariant(pass, shape, adapter.isFallback);
    const rank = (variant: { readonly name: string }): number => Number(variant.name !== name);
    return {
      pass,
      shape,
      candidates: this.#candidates.tiles(pass, shape, limits, features).toSorted((a, b) => rank(a) - rank(b)),
    };
  }
}
