import { startWeightsHash } from '#engine/startWeights.ts';
import { decodeSafetensors } from '#export/safetensors.ts';
import { fromTorch } from '#export/torchTensors.ts';
import type { StartWeightsSource } from '#train/plan.ts';

/**
 * Start weights out of a safetensors file under torchvision's names. Running statistics in it are left aside:
 * a run begins with those of a new network.
 * @returns a source that throws a `SafetensorsError`, or a `TensorMismatchError` when the file is of another
 * network.
 */
export function givenWeights(bytes: Uint8Array): StartWeightsSource {
  return (network, norm) => {
    const { parameters } = fromTorch(network, norm, decodeSafetensors(bytes).tensors);
    return { weights: parameters, hash: startWeightsHash(network, norm, parameters) };
  };
}
