import type { TensorTable } from '#domain/resnet.ts';
import type { NamedTensors } from '../engine.ts';

/**
 * Lays named tensors out in one array at the table's offsets; gaps are zero.
 * @throws {Error} naming the first tensor that is missing or has another size.
 */
export function packTensors(table: TensorTable, tensors: NamedTensors): Float32Array {
  const packed = new Float32Array(table.packedSize);
  for (const { name, size, offset } of table.tensors) {
    const values = tensors.get(name);
    if (!values) throw new Error(`Tensor ${name} is missing`);
    if (values.length !== size)
      throw new Error(`Tensor ${name} has ${values.length} values; expected ${size}`);
    packed.set(values, offset);
  }
  return packed;
}

/** The inverse of `packTensors`; every tensor is a copy. */
export function unpackTensors(table: TensorTable, packed: Float32Array): Map<string, Float32Array> {
  return new Map(table.tensors.map(({ name, size, offset }) => [name, packed.slice(offset, offset + size)]));
}
