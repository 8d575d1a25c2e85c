import type { DatasetInfo } from '#domain/dataset.ts';
import type { Experiment } from '#domain/experiment.ts';
import { resnet18 } from '#domain/resnet.ts';
import { decodeSafetensors } from '#export/safetensors.ts';
import { TensorMismatchError, checkTorch } from '#export/torchTensors.ts';
import type { ChosenWeights } from './state/setupStore.ts';

/** Weights of width 64 take 45 MB. */
const MAX_BYTES = 200e6;

/**
 * Reads a file of weights, for whatever network.
 * @throws {Error} by rejection, in a sentence, when it breaks a rule of the format.
 */
export async function readWeights(file: File): Promise<ChosenWeights> {
  if (file.size > MAX_BYTES) throw new Error(`“${file.name}” is larger than ${MAX_BYTES / 1e6} MB.`);
  const bytes = new Uint8Array(await file.arrayBuffer());
  return { name: file.name, bytes, tensors: decodeSafetensors(bytes).tensors };
}

type Network = Pick<Experiment, 'norm' | 'width' | 'stemPadding'>;

/** Asked for at every change of the set-up, and looks at every number. */
let last:
  | { readonly key: string; readonly weights: ChosenWeights; readonly problem: string | undefined }
  | undefined;

/** Why the chosen weights are not of the network in the set-up: a sentence that names the tensor. */
export function weightsProblem(
  { norm, width, stemPadding }: Network,
  info: DatasetInfo,
  weights: ChosenWeights,
): string | undefined {
  const classes = info.classNames.length;
  const key = [norm, width, stemPadding, classes].join();
  if (last?.key === key && last.weights === weights) return last.problem;
  last = { key, weights, problem: mismatch(resnet18({ width, stemPadding, classes }), norm, weights) };
  return last.problem;
}

function mismatch(
  network: ReturnType<typeof resnet18>,
  norm: Experiment['norm'],
  { name, tensors }: ChosenWeights,
): string | undefined {
  try {
    checkTorch(network, norm, tensors);
    return undefined;
  } catch (error) {
    if (error instanceof TensorMismatchError) return `“${name}” is not of this network: ${error.message}`;
    throw error;
  }
}
