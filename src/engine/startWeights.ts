import type { Norm } from '#domain/experiment.ts';
import { parameterTable } from '#domain/resnet.ts';
import type { NetworkSpec } from '#domain/resnet.ts';
import { initialWeights, weightsHash } from '#nn/init.ts';
import type { NamedTensors } from './engine.ts';

/**
 * The weights that a run starts from, with a short hash of those that were drawn: norm scales and shifts
 * are left out of it, so that it is equal for every normalization of one network and seed.
 */
export function startWeights(
  network: NetworkSpec,
  norm: Norm,
  seed: number,
): { readonly weights: NamedTensors; readonly hash: string } {
  const weights = initialWeights(network, norm, seed);
  return { weights, hash: startWeightsHash(network, norm, weights) };
}

/** @param weights every parameter of the network. */
export function startWeightsHash(network: NetworkSpec, norm: Norm, weights: NamedTensors): string {
  const { tensors } = parameterTable(network, norm);
  const drawn = tensors.filter(({ kind }) => kind !== 'scale' && kind !== 'shift');
  return weightsHash(new Map(drawn.map(({ name }) => [name, weights.get(name)!])));
}
