import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Norm } from '#domain/experiment.ts';
import { bufferTable, parameterTable, resnet18 } from '#domain/resnet.ts';
import { decodeSafetensors, encodeSafetensors, type StoredTensor } from './safetensors.ts';
import { fromTorch, TensorMismatchError, toTorch } from './torchTensors.ts';

const network = resnet18({ width: 8, stemPadding: 1, classes: 10 });
const norms: readonly Norm[] = ['none', 'bn', 'gn'];

/** Different numbers in every place. */
function tensorsOf(norm: Norm, start = 0) {
  let next = start;
  const fill = (size: number) => Float32Array.from({ length: size }, () => Math.fround(next++ / 1024));
  const named = (table: typeof parameterTable) =>
    new Map(table(network, norm).tensors.map(({ name, size }) => [name, fill(size)] as const));
  return { parameters: named(parameterTable), buffers: named(bufferTable) };
}

describe('toTorch and fromTorch', () => {
  it('return the tensors as they were, through a file', () => {
    fc.assert(
      fc.property(fc.constantFrom(...norms), fc.nat(1000), fc.nat(100_000), (norm, start, steps) => {
        const tensors = tensorsOf(norm, start);
        const file = encodeSafetensors(toTorch(network, norm, tensors, steps));
        expect(fromTorch(network, norm, decodeSafetensors(file).tensors)).toEqual(tensors);
      }),
      { numRuns: 3 },
    );
  });

  it('place every element where torch looks for it', () => {
    const tensors = tensorsOf('bn');
    const torch = toTorch(network, 'bn', tensors, 7);
    const { shape, data } = torch.get('layer2.0.conv1.weight')!;
    expect(shape).toEqual([16, 8, 3, 3]);
    // Output channel 5, input channel 3, row 2, column 1.
    expect(data[((5 * 8 + 3) * 3 + 2) * 3 + 1]).toBe(
      tensors.parameters.get('layer2.0.conv1.weight')![((2 * 3 + 1) * 8 + 3) * 16 + 5],
    );
    const classifier = torch.get('fc.weight')!;
    expect(classifier.shape).toEqual([10, 64]);
    expect(classifier.data[3 * 64 + 20]).toBe(tensors.parameters.get('fc.weight')![20 * 10 + 3]);
    expect(torch.get('bn1.running_mean')!.data).toEqual(tensors.buffers.get('bn1.running_mean'));
    expect(torch.get('layer4.0.downsample.1.num_batches_tracked')).toEqual({
      shape: [],
      data: BigInt64Array.of(7n),
    });
  });

  it('use the names of torchvision', () => {
    const names = (norm: Norm) => [...toTorch(network, norm, tensorsOf(norm)).keys()];
    // 20 convolutions; 20 x (weight, bias, running_mean, running_var, num_batches_tracked); the classifier.
    expect(names('bn').length).toBe(20 + 20 * 5 + 2);
    expect(names('gn').length).toBe(20 + 20 * 2 + 2);
    expect(names('none').length).toBe(20 + 2);
    expect(names('bn')).toEqual(
      expect.arrayContaining([
        'conv1.weight',
        'layer1.0.bn1.running_mean',
        'layer2.0.downsample.0.weight',
        'layer2.0.downsample.1.weight',
        'fc.bias',
      ]),
    );
  });

  it("read weights that PyTorch's golden runs start from", () => {
    const file = readFileSync(new URL('../testing/golden/golden.safetensors', import.meta.url));
    const { tensors } = decodeSafetensors(file);
    tensors.delete('images');
    tensors.delete('labels');
    const { parameters, buffers } = fromTorch(network, 'none', tensors);
    const conv1 = tensors.get('conv1.weight')!;
    expect(conv1.shape).toEqual([8, 3, 3, 3]);
    expect(parameters.get('conv1.weight')![8]).toBe(conv1.data[9]); // filter 0, channel 1, pixel 0
    expect(buffers.size).toBe(0);
  });

  it('start running statistics anew where the file has none', () => {
    const torch = toTorch(network, 'bn', tensorsOf('bn'));
    for (const name of torch.keys()) if (/running_|num_batches/.test(name)) torch.delete(name);
    const { buffers } = fromTorch(network, 'bn', torch);
    expect(buffers.get('bn1.running_mean')).toEqual(new Float32Array(8));
    expect(buffers.get('bn1.running_var')).toEqual(new Float32Array(8).fill(1));
  });
});

describe('a file of another network', () => {
  const changed = (change: (tensors: Map<string, StoredTensor>) => void) => {
    const tensors = toTorch(network, 'bn', tensorsOf('bn'));
    change(tensors);
    try {
      fromTorch(network, 'bn', tensors);
      return undefined;
    } catch (error) {
      if (!(error instanceof TensorMismatchError)) throw error;
      expect(error.message).toContain(error.tensor);
      return error.tensor;
    }
  };
  const data = (length: number, value = 0) => new Float32Array(length).fill(value);

  it('is refused with the name of the tensor', () => {
    expect(changed((tensors) => tensors.delete('fc.bias'))).toBe('fc.bias');
    expect(changed((tensors) => tensors.delete('bn1.running_var'))).toBe('bn1.running_var');
    expect(changed((tensors) => tensors.set('head.weight', { shape: [1], data: data(1) }))).toBe(
      'head.weight',
    );
    expect(changed((tensors) => tensors.set('fc.bias', { shape: [11], data: data(11) }))).toBe('fc.bias');
    expect(changed((tensors) => tensors.set('fc.bias', { shape: [10, 1], data: data(10) }))).toBe('fc.bias');
    expect(changed((tensors) => tensors.set('fc.bias', { shape: [10], data: new Int32Array(10) }))).toBe(
      'fc.bias',
    );
    expect(changed((tensors) => tensors.set('fc.bias', { shape: [10], data: data(10, Number.NaN) }))).toBe(
      'fc.bias',
    );
    expect(changed(() => undefined)).toBeUndefined();
  });

  it('is refused where batch norm meets group norm', () => {
    const torch = toTorch(network, 'bn', tensorsOf('bn'));
    expect(() => fromTorch(network, 'gn', torch)).toThrow('running_mean');
  });

  it('is not written with a tensor of the wrong length', () => {
    const tensors = tensorsOf('gn');
    tensors.parameters.set('fc.bias', new Float32Array(9));
    expect(() => toTorch(network, 'gn', tensors)).toThrow('fc.bias has 9 values');
  });
});
