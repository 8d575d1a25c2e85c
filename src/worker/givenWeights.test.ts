import { expect, test } from 'vitest';
import { resnet18 } from '#domain/resnet.ts';
import { startWeights } from '#engine/startWeights.ts';
import { encodeSafetensors } from '#export/safetensors.ts';
import { toTorch } from '#export/torchTensors.ts';
import { givenWeights } from './givenWeights.ts';

const network = resnet18({ width: 8, stemPadding: 1, classes: 10 });

test('weights that went through a file start a run like those of the seed', () => {
  const drawn = startWeights(network, 'gn', 7);
  const file = encodeSafetensors(toTorch(network, 'gn', { parameters: drawn.weights, buffers: new Map() }));
  const given = givenWeights(file)(network, 'gn', 0);
  expect(given.hash).toBe(drawn.hash);
  expect(given.weights).toEqual(drawn.weights);
});

test('weights of another network are refused by the name of a tensor', () => {
  const drawn = startWeights(network, 'none', 0);
  const file = encodeSafetensors(toTorch(network, 'none', { parameters: drawn.weights, buffers: new Map() }));
  expect(() => givenWeights(file)(network, 'bn', 0)).toThrow('bn1.weight is missing.');
  const wide = resnet18({ width: 16, stemPadding: 1, classes: 10 });
  expect(() => givenWeights(file)(wide, 'none', 0)).toThrow(
    'conv1.weight has the shape [8, 3, 3, 3]; this network’s has [16, 3, 3, 3].',
  );
});
