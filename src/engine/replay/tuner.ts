import { convNorms, type NetworkSpec } from '#domain/resnet.ts';
import { createStorage } from '#gpu/buffers.ts';
import type { Dispatch } from '#gpu/command.ts';
import type { GpuContext } from '#gpu/device.ts';
import { pipelineCache } from '#gpu/pipelines.ts';
import { record } from '#gpu/replay.ts';
import { filterGradient, filterGradientSplits, forward, inputGradient } from '#kernels/conv2d/kernel.ts';
import { convShape, filterSize, multiplyAdds, type ConvShape } from '#kernels/conv2d/shape.ts';
import { convVariants, defaultVariant, type ConvPass, type TileVariant } from '#kernels/conv2d/variants.ts';
import type { ChooseVariant } from './convolutions.ts';

/** Variant names by pass and shape, as they are kept for an adapter. */
export type TuningChoices = Readonly<Record<string, string>>;

/** Where choices outlive the page. */
export interface TuningStore {
  load(adapter: string): Promise<TuningChoices>;
  save(adapter: string, choices: TuningChoices): Promise<void>;
}

export interface TuningOptions {
  /** Time for all measurements of one network, milliseconds; what is left over takes the default. */
  readonly budgetMs?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

const PASSES: readonly ConvPass[] = ['forward', 'inputGradient', 'filterGradient'];
const BUDGET_MS = 2000;
/** A measurement lasts at least this long, so that the wait for the queue does not decide it. */
const SAMPLE_MS = 4;

/**
 * Chooses tiles by timing the candidates on the adapter at hand: what is fastest on one is the slowest on
 * another. Choices are kept per adapter, which also keeps a seed's bits the same from visit to visit,
 * since another tile may add in another order.
 *
 * A software adapter takes the defaults: they were measured on SwiftShader, the one that browsers ship,
 * and timing it again would cost more than it could gain.
 */
export class Tuner {
  readonly #context: GpuContext;
  readonly #store: TuningStore | undefined;
  #choices: Record<string, string> | undefined;

  constructor(context: GpuContext, store?: TuningStore) {
    this.#context = context;
    this.#store = store;
  }

  /** Names the adapter in the store. */
  get adapterKey(): string {
    const { vendor, architecture, device, description } = this.#context.adapter;
    return [vendor, architecture, device, description].join('|');
  }

  /** Measures what is not yet known of `network` at `batch` and returns the choice. */
  async choose(network: NetworkSpec, batch: number, options: TuningOptions = {}): Promise<ChooseVariant> {
    const { isFallback } = this.#context.adapter;
    if (!isFallback) await this.measure(network, batch, options);
    const choices = this.#choices ?? {};
    return (pass, shape) => {
      const name = choices[choiceKey(pass, shape)];
      const variants = convVariants(pass, shape, this.#context.limits);
      return variants.find((variant) => variant.name === name) ?? defaultVariant(pass, shape, isFallback);
    };
  }

  /** Times candidates, the costliest layers first, until the budget is spent; then saves. */
  async measure(network: NetworkSpec, batch: number, options: TuningOptions = {}): Promise<TuningChoices> {
    const { budgetMs = BUDGET_MS, onProgress } = options;
    this.#choices ??= { ...(await this.#store?.load(this.adapterKey)) };
    const choices = this.#choices;
    const open = layers(network, batch).filter(({ pass, shape }) => !(choiceKey(pass, shape) in choices));
    if (open.length === 0) return choices;
    const deadline = performance.now() + budgetMs;
    const bench = new Workbench(
      this.#context,
      open.map(({ shape }) => shape),
    );
    try {
      for (const [i, { pass, shape }] of open.entries()) {
        // At least one, so that visits with little time still get on.
        if (i > 0 && performance.now() >= deadline) break;
        choices[choiceKey(pass, shape)] = await bench.fastest(pass, shape);
        onProgress?.(i + 1, open.length);
      }
    } finally {
      bench.dispose();
    }
    await this.#store?.save(this.adapterKey, choices);
    return choices;
  }
}

/** Distinct passes and shapes of a network, costliest first; layers of one shape count together. */
function layers(network: NetworkSpec, batch: number): { pass: ConvPass; shape: ConvShape }[] {
  const found = new Map<string, { pass: ConvPass; shape: ConvShape; cost: number }>();
  for (const { conv } of convNorms(network)) {
    const shape = convShape(conv, batch);
    for (const pass of PASSES) {
      // The stem's input needs no gradient.
      if (pass === 'inputGradient' && conv === network.stem.conv) continue;
      const key = choiceKey(pass, shape);
      const entry = found.get(key) ?? { pass, shape, cost: 0 };
      entry.cost += multiplyAdds(shape);
      found.set(key, entry);
    }
  }
  return [...found.values()].toSorted((a, b) => b.cost - a.cost);
}

function choiceKey(pass: ConvPass, shape: ConvShape): string {
  const { batch, inChannels, outChannels, kernel, stride, padding, inSize } = shape;
  return `${pass} n${batch} ${inSize}x${inSize}x${inChannels} k${kernel}s${stride}p${padding} ${outChannels}`;
}

/** Buffers large enough for every shape, and a stopwatch. */
class Workbench {
  readonly #context: GpuContext;
  readonly #x: GPUBuffer;
  readonly #y: GPUBuffer;
  readonly #filter: GPUBuffer;
  readonly #partials: GPUBuffer;

  constructor(context: GpuContext, shapes: readonly ConvShape[]) {
    this.#context = context;
    const largest = (label: string, size: (shape: ConvShape) => number): GPUBuffer =>
      createStorage(context, `tuning ${label}`, 4 * Math.max(...shapes.map(size)));
    this.#x = largest('input', inputSize);
    this.#y = largest('output', outputSize);
    this.#filter = largest('filter', filterSize);
    this.#partials = largest('partials', (shape) =>
      Math.max(
        ...convVariants('filterGradient', shape, context.limits).map(
          (variant) => filterGradientSplits(shape, variant) * filterSize(shape),
        ),
      ),
    );
  }

  /** Name of the fastest candidate. */
  async fastest(pass: ConvPass, shape: ConvShape): Promise<string> {
    const candidates = convVariants(pass, shape, this.#context.limits).map((variant) => ({
      variant,
      dispatches: this.#dispatches(pass, shape, variant),
    }));
    await pipelineCache(this.#context).compile(
      candidates.flatMap(({ dispatches }) => dispatches.map(({ shader }) => shader)),
    );
    let best = { name: candidates[0]!.variant.name, ms: Infinity };
    for (const { variant, dispatches } of candidates) {
      const ms = await this.#time(dispatches, best.ms);
      if (ms < best.ms) best = { name: variant.name, ms };
    }
    return best.name;
  }

  #dispatches(pass: ConvPass, shape: ConvShape, variant: TileVariant): Dispatch[] {
    const x = { buffer: this.#x, size: inputSize(shape) * 4 };
    const y = { buffer: this.#y, size: outputSize(shape) * 4 };
    const filter = { buffer: this.#filter, size: filterSize(shape) * 4 };
    if (pass === 'forward') return forward(shape, { input: x, filter, output: y }, variant);
    if (pass === 'inputGradient') {
      return inputGradient(
        shape,
        { outputGradient: y, filter, inputGradient: x },
        { accumulate: false },
        variant,
      );
    }
    const partialsSize = filterGradientSplits(shape, variant) * filterSize(shape) * 4;
    const partials = { buffer: this.#partials, size: partialsSize };
    return filterGradient(shape, { input: x, outputGradient: y, partials }, variant);
  }

  /** Milliseconds of one run, or the first rough figure where that is far above `best` already. */
  async #time(dispatches: readonly Dispatch[], best: number): Promise<number> {
    const recording = record(this.#context, pipelineCache(this.#context), dispatches);
    try {
      await this.#run(recording.encode.bind(recording), 1);
      const rough = await this.#run(recording.encode.bind(recording), 1);
      if (rough > 2 * best + SAMPLE_MS) return rough;
      const repeats = Math.max(1, Math.min(64, Math.ceil(SAMPLE_MS / rough)));
      const samples = [];
      for (let i = 0; i < 2; i++) samples.push(await this.#run(recording.encode.bind(recording), repeats));
      return Math.min(...samples) / repeats;
    } finally {
      recording.dispose();
    }
  }

  async #run(encode: (pass: GPUComputePassEncoder) => void, repeats: number): Promise<number> {
    const { device } = this.#context;
    const encoder = device.createCommandEncoder({ label: 'tuning' });
    const pass = encoder.beginComputePass({ label: 'tuning' });
    for (let i = 0; i < repeats; i++) encode(pass);
    pass.end();
    const started = performance.now();
    device.queue.submit([encoder.finish()]);
    await device.queue.onSubmittedWorkDone();
    this.#context.check();
    return performance.now() - started;
  }

  dispose(): void {
    for (const buffer of [this.#x, this.#y, this.#filter, this.#partials]) buffer.destroy();
  }
}

function inputSize({ batch, inSize, inChannels }: ConvShape): number {
  return batch * inSize ** 2 * inChannels;
}

function outputSize({ batch, outSize, outChannels }: ConvShape): number {
  return batch * outSize ** 2 * outChannels;
}
