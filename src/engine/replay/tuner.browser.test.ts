import { describe, expect, it } from 'vitest';
import { resnet18 } from '#domain/resnet.ts';
import { convVariants, defaultVariant } from '#kernels/conv2d/variants.ts';
import { convShape } from '#kernels/conv2d/shape.ts';
import { testGpu } from '#testing/gpu.ts';
import { Tuner, type TuningChoices, type TuningStore } from './tuner.ts';

class MemoryStore implements TuningStore {
  readonly adapters = new Map<string, TuningChoices>();
  async load(adapter: string): Promise<TuningChoices> {
    return this.adapters.get(adapter) ?? {};
  }
  async save(adapter: string, choices: TuningChoices): Promise<void> {
    this.adapters.set(adapter, { ...choices });
  }
}

const network = resnet18({ width: 4, stemPadding: 1, classes: 10 });

describe('the tuner', () => {
  it('measures until its budget is spent, keeps what it found, and goes on there next time', async () => {
    const { context } = await testGpu();
    const store = new MemoryStore();
    // The first layer is measured whatever it takes; a spent budget leaves the others to their defaults.
    const first = await new Tuner(context, store).measure(network, 1, { budgetMs: 1 });
    expect(Object.keys(first)).toHaveLength(1);
    const again = new Tuner(context, store);
    const second = await again.measure(network, 1, { budgetMs: 1 });
    expect(Object.keys(second)).toHaveLength(2);
    expect(second).toMatchObject(first);
    expect(store.adapters.get(again.adapterKey)).toEqual(second);
    expect(context.failure).toBeUndefined();
  });

  it('takes kept choices, and defaults where nothing was measured or the name is unknown', async () => {
    const { context } = await testGpu();
    const shape = convShape(network.stem.conv, 1);
    const variants = convVariants('forward', shape, context.limits);
    const hardware = { ...context, adapter: { ...context.adapter, isFallback: false } };
    const other = variants.find(({ name }) => name !== defaultVariant('forward', shape, false).name)!;
    const key = 'forward n1 32x32x3 k3s1p1 4';
    const choose = async (name: string) => {
      const store = new MemoryStore();
      const tuner = new Tuner(hardware, store);
      store.adapters.set(tuner.adapterKey, { [key]: name });
      return (await tuner.choose(network, 1, { budgetMs: 0 }))('forward', shape);
    };
    expect((await choose(other.name)).name).toBe(other.name);
    expect(await choose('of a later version')).toEqual(defaultVariant('forward', shape, false));
  });
});
