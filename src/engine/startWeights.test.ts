import { expect, test } from 'vitest';
import { resnet18 } from '#domain/resnet.ts';
import { startWeights } from './startWeights.ts';

const network = resnet18({ width: 8, stemPadding: 1, classes: 10 });

test('the hash is the same for every normalization, and another for another seed or width', () => {
  const { hash } = startWeights(network, 'none', 3);
  expect(hash).toMatch(/^[0-9a-f]{8}$/);
  expect(startWeights(network, 'bn', 3).hash).toBe(hash);
  expect(startWeights(network, 'gn', 3).hash).toBe(hash);
  expect(startWeights(network, 'bn', 4).hash).not.toBe(hash);
});

test('has scales and shifts where the normalization has them', () => {
  expect(startWeights(network, 'bn', 0).weights.get('bn1.weight')).toEqual(new Float32Array(8).fill(1));
  expect(startWeights(network, 'none', 0).weights.has('bn1.weight')).toBe(false);
});
