import type { Checkpoint } from '#domain/checkpoint.ts';
import { checkpointParts, readCheckpoint } from '#store/checkpointFile.ts';
import { RequestError } from './requestError.ts';

/** A checkpoint as a file that leaves the browser. */
export async function checkpointBytes(checkpoint: Checkpoint): Promise<Uint8Array<ArrayBuffer>> {
  const parts = (await checkpointParts(checkpoint)) as BlobPart[];
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/**
 * Reads such a file.
 * @throws {RequestError} when it is damaged.
 */
export async function checkpointOf(bytes: Uint8Array<ArrayBuffer>): Promise<Checkpoint> {
  const reading = await readCheckpoint(new Blob([bytes]));
  if (reading.kind !== 'checkpoint') {
    throw new RequestError(
      reading.kind === 'refused'
        ? `The checkpoint cannot be read: ${reading.reason}.`
        : 'The checkpoint is damaged or cut off.',
    );
  }
  return reading.checkpoint;
}
