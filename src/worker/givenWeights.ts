import type { KeptRun } from '#domain/keptRun.ts';
import { startWeightsHash } from '#engine/startWeights.ts';
import { decodeSafetensors } from '#export/safetensors.ts';
import { fromTorch } from '#export/torchTensors.ts';
import type { Requests } from '#protocol/messages.ts';
import type { StartWeightsSource } from '#train/plan.ts';
import type { KeptStore, StateMemory } from './keptStore.ts';
import { RequestError } from './requestError.ts';
import type { RunRecorder } from './runRecorder.ts';

/** A file of weights that a run is started from. */
export interface GivenFile {
  /** Empty where it has none. */
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

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

/** The file that came with a request; undefined where the weights follow from the seed. */
export function givenFile({
  initialWeights: bytes,
  initialWeightsName: name = '',
}: Pick<Requests['train']['request'], 'initialWeights' | 'initialWeightsName'>): GivenFile | undefined {
  return bytes && { name, bytes };
}

/** Keeps the file of a run that has just begun; without it the run could not begin again. Never rejects. */
export async function keepGivenWeights(
  bytes: Uint8Array,
  recorder: RunRecorder,
  { store, memory }: { readonly store: KeptStore | undefined; readonly memory: StateMemory },
): Promise<void> {
  try {
    if (store) await store.keepGivenWeights(recorder.runId, bytes);
    else memory.holdGivenWeights(recorder.runId, bytes);
  } catch (error) {
    memory.holdGivenWeights(recorder.runId, bytes);
    recorder.notKept(error instanceof Error ? error.message : String(error));
  }
}

/**
 * The file that a kept run was started from; undefined where its weights follow from the seed.
 * @param hasState whether the run goes on from a state of its own, and can do without.
 * @throws {RequestError} when it is not there and the run would have to begin again.
 */
export async function givenToResume(
  { header: { runId, givenWeights: name } }: KeptRun,
  store: KeptStore,
  hasState: boolean,
): Promise<Uint8Array | undefined> {
  if (name === undefined) return undefined;
  const bytes = await store.givenWeights(runId);
  if (!bytes && !hasState) throw new RequestError(missingWeights(name));
  return bytes;
}

/** Says that the file which a run was started from is not there. */
export function missingWeights(name: string): string {
  return `This run started from the weights of ${name === '' ? 'a file' : `“${name}”`}, which are not kept here.`;
}
