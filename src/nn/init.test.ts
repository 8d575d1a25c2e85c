import { describe, expect, it } from 'vitest';
import { parameterTable, resnet18 } from '#domain/resnet.ts';
import { initialWeights, weightsHash } from './init.ts';

const network = resnet18({ width: 16, stemPadding: 1, classes: 10 });

function moments(values: Float32Array): { mean: number; deviation: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, deviation: Math.sqrt(squares / values.length) };
}

describe('initialWeights', () => {
  it('has every tensor of the parameter table, in its order and size', () => {
    const weights = initialWeights(network, 'bn', 0);
    const table = parameterTable(network, 'bn');
    expect([...weights.keys()]).toEqual(table.tensors.map(({ name }) => name));
    for (const { name, size } of table.tensors) expect(weights.get(name)!.length).toBe(size);
  });

  it('starts runs of one seed from the same filters and classifier, whatever the normalization', () => {
    const none = initialWeights(network, 'none', 7);
    for (const norm of ['bn', 'gn'] as const) {
      const other = initialWeights(network, norm, 7);
      for (const [name, values] of none) {
        const same = other.get(name)!;
        expect(
          values.every((value, i) => value === same[i]),
          name,
        ).toBe(true);
      }
    }
    expect(weightsHash(initialWeights(network, 'none', 8))).not.toBe(weightsHash(none));
  });

  it('draws filters with the fan-out deviation sqrt(2 / (k k outC)) and no two alike', () => {
    const weights = initialWeights(network, 'none', 3);
    for (const [name, variance] of [
      ['layer2.0.conv1.weight', 2 / (9 * 32)],
      ['layer4.0.downsample.0.weight', 2 / 128],
      ['layer4.1.conv2.weight', 2 / (9 * 128)],
    ] as const) {
      const values = weights.get(name)!;
      const { mean, deviation } = moments(values);
      // Five standard errors of each estimate.
      expect(Math.abs(mean)).toBeLessThan(5 * Math.sqrt(variance / values.length));
      expect(Math.abs(deviation / Math.sqrt(variance) - 1)).toBeLessThan(5 / Math.sqrt(2 * values.length));
    }
    const first = weights.get('layer1.0.conv1.weight')!;
    expect(weights.get('layer1.0.conv2.weight')).not.toEqual(first);
  });

  it('draws the classifier uniformly within 1 / sqrt(features)', () => {
    const bound = 1 / Math.sqrt(network.features);
    const weights = initialWeights(network, 'gn', 3);
    const values = weights.get('fc.weight')!;
    const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    expect(largest).toBeLessThanOrEqual(bound);
    expect(largest).toBeGreaterThan(0.98 * bound);
    expect(moments(values).deviation).toBeCloseTo(bound / Math.sqrt(3), 3);
    expect(Math.max(...weights.get('fc.bias')!.map(Math.abs))).toBeLessThanOrEqual(bound);
  });

  it('starts norms as the identity', () => {
    const weights = initialWeights(network, 'bn', 0);
    expect(new Set(weights.get('layer2.0.downsample.1.weight'))).toEqual(new Set([1]));
    expect(new Set(weights.get('layer2.0.downsample.1.bias'))).toEqual(new Set([0]));
  });
});

describe('weightsHash', () => {
  it('is the published FNV-1a of the bytes', () => {
    // FNV-1a 32 of 'foobar' is bf9cf968 (test vectors of the authors' page).
    expect(weightsHash(new Map([['foobar', new Float32Array(0)]]))).toBe('bf9cf968');
  });

  it('sees one changed bit', () => {
    const values = new Float32Array([1, 2, 3]);
    const changed = Float32Array.from(values);
    new Uint32Array(changed.buffer)[1]! ^= 1;
    expect(weightsHash(new Map([['a', changed]]))).not.toBe(weightsHash(new Map([['a', values]])));
  });
});
