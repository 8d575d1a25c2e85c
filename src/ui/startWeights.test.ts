import { expect, test } from 'vitest';
import { defaultExperiment } from '#domain/parameters.ts';
import { resnet18 } from '#domain/resnet.ts';
import { startWeights } from '#engine/startWeights.ts';
import { encodeSafetensors } from '#export/safetensors.ts';
import { toTorch } from '#export/torchTensors.ts';
import { fakeDataset } from '#testing/fakeEngine.ts';
import { readWeights, weightsProblem } from './startWeights.ts';

const { info } = fakeDataset(20, 10);
const experiment = { ...defaultExperiment(), norm: 'gn', width: 8 } as const;
const network = resnet18({ ...experiment, classes: 10 });
const { weights: parameters } = startWeights(network, 'gn', 0);
const bytes = encodeSafetensors(toTorch(network, 'gn', { parameters, buffers: new Map() }));

test('weights of the network in the set-up are fine, and are looked at again when it changes', async () => {
  const weights = await readWeights(new File([bytes], 'mine.safetensors'));
  expect([weights.name, weights.bytes.length]).toEqual(['mine.safetensors', bytes.length]);
  expect(weightsProblem(experiment, info, weights)).toBeUndefined();
  expect(weightsProblem({ ...experiment, width: 16 }, info, weights)).toBe(
    '“mine.safetensors” is not of this network: conv1.weight has the shape [8, 3, 3, 3]; this network’s has [16, 3, 3, 3].',
  );
  expect(weightsProblem({ ...experiment, norm: 'none' }, info, weights)).toMatch(/no tensor “.*bn1/);
  // BN may do without running statistics.
  expect(weightsProblem({ ...experiment, norm: 'bn' }, info, weights)).toBeUndefined();
  expect(weightsProblem(experiment, { ...info, classNames: ['one'] }, weights)).toMatch(
    /fc\.weight|fc\.bias/,
  );
});

test('another file with the same settings is looked at too', async () => {
  const tensors = toTorch(network, 'gn', { parameters, buffers: new Map() });
  tensors.delete('fc.bias');
  const good = await readWeights(new File([bytes], 'mine.safetensors'));
  const bad = await readWeights(new File([encodeSafetensors(tensors)], 'bad.safetensors'));
  expect(weightsProblem(experiment, info, good)).toBeUndefined();
  expect(weightsProblem(experiment, info, bad)).toBe(
    '“bad.safetensors” is not of this network: fc.bias is missing.',
  );
});

test('a file that is no safetensors is refused', async () => {
  await expect(readWeights(new File(['no'], 'mine.txt'))).rejects.toThrow(/too short|bytes/i);
});
