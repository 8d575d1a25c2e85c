import type { TensorMap } from '#domain/checkpoint.ts';
import type { Norm } from '#domain/experiment.ts';
import { bufferTable, parameterTable } from '#domain/resnet.ts';
import type { NetworkSpec, TensorSpec } from '#domain/resnet.ts';
import type { StoredTensor } from './safetensors.ts';

/** Tensors that are not those of the network; `tensor` is the name of the first that is wrong. */
export class TensorMismatchError extends Error {
  override readonly name = 'TensorMismatchError';
  readonly tensor: string;

  constructor(tensor: string, message: string) {
    super(message);
    this.tensor = tensor;
  }
}

/** A network's tensors in this app's layouts. */
export interface NetworkTensors {
  readonly parameters: TensorMap;
  /** Running statistics of BN; empty otherwise. */
  readonly buffers: TensorMap;
}

/** torch counts BN's batches beside its running statistics, and its `load_state_dict` asks for them. */
const BATCH_COUNT = 'num_batches_tracked';

/**
 * The network's state as `torchvision.models.resnet18().state_dict()` has it: filters `[outC, inC, kH, kW]`,
 * the classifier `[classes, features]`. GN keeps the names of the layers it replaces (`bn1.weight`).
 *
 * @param steps done so far, for `num_batches_tracked`.
 * @throws {TensorMismatchError} when a tensor is missing or of another size.
 */
export function toTorch(
  network: NetworkSpec,
  norm: Norm,
  { parameters, buffers }: NetworkTensors,
  steps = 0,
): Map<string, StoredTensor> {
  const out = new Map<string, StoredTensor>();
  for (const spec of parameterTable(network, norm).tensors) {
    out.set(spec.name, {
      shape: torchShape(spec),
      data: reverseAxes(sized(spec, parameters), threeAxes(spec)),
    });
  }
  for (const spec of bufferTable(network, norm).tensors) {
    out.set(spec.name, { shape: spec.shape, data: sized(spec, buffers) });
    if (spec.name.endsWith('.running_var')) {
      out.set(spec.name.replace(/running_var$/, BATCH_COUNT), {
        shape: [],
        data: BigInt64Array.of(BigInt(steps)),
      });
    }
  }
  return out;
}

/**
 * Looks whether a file holds this network's tensors, without copying any.
 * @throws {TensorMismatchError} as `fromTorch`.
 */
export function checkTorch(
  network: NetworkSpec,
  norm: Norm,
  tensors: ReadonlyMap<string, StoredTensor>,
): void {
  const parameterSpecs = parameterTable(network, norm).tensors;
  const bufferSpecs = bufferTable(network, norm).tensors;
  const known = new Set([...parameterSpecs, ...bufferSpecs].map(({ name }) => name));
  for (const name of tensors.keys()) {
    const isBatchCount = norm === 'bn' && name.endsWith(BATCH_COUNT);
    if (!known.has(name) && !isBatchCount) {
      throw new TensorMismatchError(name, `The network has no tensor “${name.slice(0, 80)}”.`);
    }
  }
  for (const spec of parameterSpecs) checked(spec, tensors);
  if (bufferSpecs.some(({ name }) => tensors.has(name))) {
    for (const spec of bufferSpecs) checked(spec, tensors);
  }
}

/**
 * Reads a state of torch for this network and normalization. Running statistics may be left out all together:
 * they are then those of a new network (mean 0, variance 1).
 *
 * @returns new arrays.
 * @throws {TensorMismatchError} that names the first tensor which is missing, unknown, of another shape or
 * type, or not finite.
 */
export function fromTorch(
  network: NetworkSpec,
  norm: Norm,
  tensors: ReadonlyMap<string, StoredTensor>,
): { readonly parameters: Map<string, Float32Array>; readonly buffers: Map<string, Float32Array> } {
  const parameterSpecs = parameterTable(network, norm).tensors;
  const bufferSpecs = bufferTable(network, norm).tensors;
  checkTorch(network, norm, tensors);
  const values = (name: string) => tensors.get(name)!.data as Float32Array; // checked
  const hasBuffers = bufferSpecs.some(({ name }) => tensors.has(name));
  return {
    parameters: new Map(
      parameterSpecs.map((spec) => {
        const [pixels, inner, outer] = threeAxes(spec);
        return [spec.name, reverseAxes(values(spec.name), [outer, inner, pixels])];
      }),
    ),
    buffers: new Map(
      bufferSpecs.map((spec) => [
        spec.name,
        hasBuffers
          ? values(spec.name).slice()
          : new Float32Array(spec.size).fill(spec.kind === 'scale' ? 1 : 0),
      ]),
    ),
  };
}

function sized(spec: TensorSpec, tensors: TensorMap): Float32Array {
  const values = tensors.get(spec.name);
  if (!values) throw new TensorMismatchError(spec.name, `${spec.name} is missing.`);
  if (values.length !== spec.size) {
    throw new TensorMismatchError(
      spec.name,
      `${spec.name} has ${values.length} values; this network’s has ${spec.size}.`,
    );
  }
  return values;
}

function checked(spec: TensorSpec, tensors: ReadonlyMap<string, StoredTensor>): Float32Array {
  const { name } = spec;
  const tensor = tensors.get(name);
  if (!tensor) throw new TensorMismatchError(name, `${name} is missing.`);
  const { shape, data } = tensor;
  const expected = torchShape(spec);
  if (shape.length !== expected.length || shape.some((size, axis) => size !== expected[axis])) {
    throw new TensorMismatchError(
      name,
      `${name} has the shape [${shape.join(', ')}]; this network’s has [${expected.join(', ')}].`,
    );
  }
  if (!(data instanceof Float32Array)) {
    throw new TensorMismatchError(name, `${name} must hold 32-bit floating-point numbers.`);
  }
  const bad = data.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw new TensorMismatchError(name, `${name} holds the value ${bad}.`);
  return data;
}

/** `[kH, kW, inC, outC]` to `[outC, inC, kH, kW]`; the classifier's two axes swap; vectors stay. */
function torchShape({ shape }: TensorSpec): readonly number[] {
  return shape.length === 4 ? [shape[3]!, shape[2]!, shape[0]!, shape[1]!] : shape.toReversed();
}

/** A tensor of this app as three axes, whose reversal is torch's order: pixels of a filter are one axis. */
function threeAxes({ shape }: TensorSpec): readonly [number, number, number] {
  if (shape.length === 4) return [shape[0]! * shape[1]!, shape[2]!, shape[3]!];
  return shape.length === 2 ? [shape[0]!, 1, shape[1]!] : [1, 1, shape[0]!];
}

/** A copy of `[a, b, c]` as `[c, b, a]`. */
function reverseAxes(values: Float32Array, [a, b, c]: readonly [number, number, number]): Float32Array {
  const out = new Float32Array(values.length);
  for (let i = 0; i < a; i++)
    for (let j = 0; j < b; j++)
      for (let k = 0; k < c; k++) out[(k * b + j) * a + i] = values[(i * b + j) * c + k]!;
  return out;
}
