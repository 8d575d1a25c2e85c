import type { Checkpoint } from '#domain/checkpoint.ts';
import { checkpointParts, readCheckpoint } from '#store/checkpointFile.ts';
import type { KeptStore } from './keptStore.ts';
import { RequestError } from './requestError.ts';

/** A checkpoint as a file that leaves the browser. */
export async function checkpointBytes(checkpoint: Checkpoint): Promise<Uint8Array<ArrayBuffer>> {
  const parts = (await checkpointParts(checkpoint)) as BlobPart[];
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * Keeps such a file as the newest checkpoint of a run that is kept.
 * @returns its step.
 * @throws {RequestError} when the file is damaged or of another run; {StorageError} when it cannot be kept.
 */
export async function importCheckpoint(
  runId: string,
  bytes: Uint8Array<ArrayBuffer>,
  store: KeptStore,
): Promise<number> {
  const reading = await readCheckpoint(new Blob([bytes]));
  if (reading.kind !== 'checkpoint') {
    throw new RequestError(
      reading.kind === 'refused'
        ? `The checkpoint cannot be read: ${reading.reason}.`
        : 'The checkpoint is damaged or cut off.',
    );
  }
  const { checkpoint } = reading;
  if (checkpoint.runId !== runId) throw new RequestError('The checkpoint is that of another run.');
  await store.checkpoints.save(checkpoint);
  return checkpoint.step;
}
