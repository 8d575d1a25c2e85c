import { parameterTable, type NetworkSpec, type TensorSpec } from '#domain/resnet.ts';
import type { Norm } from '#domain/experiment.ts';
import { Fnv1a } from '#lib/fnv.ts';
import { normals, STREAM, uniforms } from '#lib/randomStream.ts';

/**
 * The weights that training starts from, by torchvision's names: filters Kaiming-normal (fan out, relu), the
 * classifier as torch initializes a linear layer, norm scales 1 and shifts 0.
 *
 * Every drawn tensor has its own part of the stream, numbered by its place among the drawn tensors alone, so
 * runs with the same seed and different normalization start from the same filters and classifier.
 *
 * Source: He et al. 2015, arXiv:1502.01852, `kaiming_normal_(mode='fan_out', nonlinearity='relu')` and
 * `nn.Linear.reset_parameters` of PyTorch.
 */
export function initialWeights(network: NetworkSpec, norm: Norm, seed: number): Map<string, Float32Array> {
  const weights = new Map<string, Float32Array>();
  let drawn = 0;
  for (const tensor of parameterTable(network, norm).tensors) {
    const values =
      tensor.kind === 'scale'
        ? new Float32Array(tensor.size).fill(1)
        : tensor.kind === 'shift'
          ? new Float32Array(tensor.size)
          : draw(tensor, network.features, seed, drawn++);
    weights.set(tensor.name, values);
  }
  return weights;
}

function draw(tensor: TensorSpec, features: number, seed: number, index: number): Float32Array {
  if (tensor.kind === 'filter') {
    const [height, width, , outChannels] = tensor.shape as [number, number, number, number];
    const deviation = Math.sqrt(2 / (height * width * outChannels));
    return normals(seed, STREAM.weights, index, tensor.size).map((value) => value * deviation);
  }
  const bound = 1 / Math.sqrt(features);
  return uniforms(seed, STREAM.weights, index, tensor.size, -bound, bound);
}

/**
 * Eight hexadecimal digits (over names and bits, in the map's order) that tell two sets of tensors apart.
 */
export function weightsHash(tensors: ReadonlyMap<string, Float32Array>): string {
  const hash = new Fnv1a();
  for (const [name, values] of tensors) {
    hash.update(Array.from(name, (character) => character.charCodeAt(0)));
    hash.update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  }
  return hash.hex();
}
