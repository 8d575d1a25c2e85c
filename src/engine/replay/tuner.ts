import type { NetworkSpec } from '#domain/resnet.ts';
import type { GpuContext } from '#gpu/device.ts';
import { convVariants, defaultVariant } from '#kernels/conv2d/variants.ts';
import type { ChooseVariant } from './convolutions.ts';
import { TileBench, type Contest } from './tileBench.ts';
import { layerKey, tiledLayers, type TiledLayer } from './tiles.ts';

/** Variant names by pass and shape, as they are kept for an adapter. */
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
  /** Time for all measurements of one network, milliseconds; what is not reached takes the default. */
  readonly budgetMs?: number;
  readonly onProgress?: (done: number, total: number) => void;
  /** Ends the measurement before the next layer, by its reason; nothing is then decided. */
  readonly signal?: AbortSignal;
}

const BUDGET_MS = 2000;

/**
 * Chooses tiles by timing the candidates on the adapter at hand: what is fastest on one is the slowest on
 * another.
 *
 * Another tile may add in another order, so a choice is made once for an adapter and then stays: all layers of a
 * network and batch are decided before the first step of its first run, and those that the budget does not reach take
 * the default for good. Every later run, resumed, forked, raced or measured, finds the same tiles.
 *
 * A software adapter takes the defaults: they were measured on SwiftShader, the one that browsers ship,
 * and timing it again would cost more than it could gain.
 */
export class Tuner {
  readonly #context: GpuContext;
  readonly #store: TuningStore | undefined;
  readonly #variants: typeof convVariants;
  /** What this page has seen to hold; stays, also where it could not be kept. */
  #choices: TuningChoices = {};
  #deciding: Promise<unknown> = Promise.resolve();

  /** @param variants the candidates; others for tests alone. */
  constructor(context: GpuContext, store?: TuningStore, variants = convVariants) {
    this.#context = context;
    this.#store = store;
    this.#variants = variants;
  }

  /** Names the adapter in the store. */
  get adapterKey(): string {
    const { vendor, architecture, device, description } = this.#context.adapter;
    return [vendor, architecture, device, description].join('|');
  }

  /** Decides what is not yet decided of `network` at `batch` and returns the choice. */
  async choose(network: NetworkSpec, batch: number, options: TuningOptions = {}): Promise<ChooseVariant> {
    const { isFallback } = this.#context.adapter;
    const choices = isFallback ? {} : await this.decide(network, batch, options);
    return (pass, shape) => {
      const name = choices[layerKey(pass, shape)];
      const { limits, features } = this.#context;
      const variants = this.#variants(pass, shape, limits, features);
      return variants.find((variant) => variant.name === name) ?? defaultVariant(pass, shape, isFallback);
    };
  }

  /** Decides every layer that is not yet decided, by measurement, the costliest first, until the budget is spent. */
  decide(network: NetworkSpec, batch: number, options: TuningOptions = {}): Promise<TuningChoices> {
    // One at a time: two would time each other.
    const decided = this.#deciding.then(() => this.#decide(tiledLayers(network, batch), options));
    this.#deciding = decided.catch(() => undefined);
    return decided;
  }

  async #decide(layers: readonly TiledLayer[], options: TuningOptions): Promise<TuningChoices> {
    const known = { ...(await this.#store?.load(this.adapterKey)), ...this.#choices };
    const open = layers.filter(({ key }) => !(key in known));
    if (open.length === 0) {
      this.#choices = known;
      return known;
    }
    const found = await this.#measure(open, options);
    const kept = (await this.#store?.add(this.adapterKey, found)) ?? found;
    this.#choices = { ...kept, ...this.#choices };
    return this.#choices;
  }

  async #measure(
    open: readonly TiledLayer[],
    { budgetMs = BUDGET_MS, onProgress, signal }: TuningOptions,
  ): Promise<TuningChoices> {
    const contests = open.map((layer) => this.#contest(layer));
    const bench = await TileBench.open(this.#context, contests);
    const deadline = performance.now() + budgetMs;
    const choices: Record<string, string> = {};
    try {
      for (const [i, { key, pass, shape }] of open.entries()) {
        signal?.throwIfAborted();
        const fastest = await bench.fastest(contests[i]!, deadline);
        choices[key] = fastest ?? defaultVariant(pass, shape, this.#context.adapter.isFallback).name;
        onProgress?.(i + 1, open.length);
      }
    } finally {
      bench.dispose();
    }
    return choices;
  }

  /** The default comes first: where time runs out among the candidates, one that beats it may still win. */
  #contest({ pass, shape }: TiledLayer): Contest {
    const { limits, features, adapter } = this.#context;
    const { name } = defaultVariant(pass, shape, adapter.isFallback);
    const rank = (variant: { readonly name: string }): number => Number(variant.name !== name);
    return {
      pass,
      shape,
      candidates: this.#variants(pass, shape, limits, features).toSorted((a, b) => rank(a) - rank(b)),
    };
  }
}
