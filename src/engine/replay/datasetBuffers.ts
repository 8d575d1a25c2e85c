import type { Dataset, ImageSet } from '#domain/dataset.ts';
import { createStorage, inErrorScopes, upload } from '#gpu/buffers.ts';
import type { GpuContext } from '#gpu/device.ts';
import type { ImageBuffers } from '#kernels/gather/kernel.ts';

/** Both halves of a data set on the GPU, shared by every engine that trains on it. */
export interface DatasetBuffers {
  readonly train: ImageBuffers;
  readonly valid: ImageBuffers;
  readonly byteLength: number;
  /** Each `acquire` is paid back with one release; the last one of a replaced data set frees it. */
  release(): void;
}

interface Resident {
  readonly dataset: Dataset;
  readonly train: ImageBuffers;
  readonly valid: ImageBuffers;
  users: number;
}

/** The data set that was used last stays resident, so that the next run need not upload it again. */
const residents = new WeakMap<GpuContext, Resident>();

/**
 * Uploads a data set, or returns the resident copy.
 * @throws {GpuError} when it does not fit the GPU's memory.
 */
export async function acquireDataset(context: GpuContext, dataset: Dataset): Promise<DatasetBuffers> {
  let resident = residents.get(context);
  if (resident?.dataset !== dataset) {
    // First: both may not fit. Should the new one not fit either, then nothing is resident.
    if (resident?.users === 0) free(resident);
    residents.delete(context);
    resident = await uploadDataset(context, dataset);
    residents.set(context, resident);
  }
  const held = resident;
  held.users++;
  let released = false;
  return {
    train: held.train,
    valid: held.valid,
    byteLength: [held.train, held.valid].reduce(
      (sum, { images, labels }) => sum + images.size + labels.size,
      0,
    ),
    release() {
      if (released) return;
      released = true;
      held.users--;
      if (held.users === 0 && residents.get(context) !== held) free(held);
    },
  };
}

/** @throws {GpuError} when it does not fit; nothing of it stays on the GPU then. */
async function uploadDataset(context: GpuContext, dataset: Dataset): Promise<Resident> {
  const made: GPUBuffer[] = [];
  const filled = (label: string, bytes: Uint8Array): GPUBuffer => {
    const buffer = createStorage(context, label, bytes.byteLength);
    made.push(buffer);
    upload(context, buffer, bytes);
    return buffer;
  };
  const half = (name: string, { images, labels, count }: ImageSet): ImageBuffers => ({
    images: filled(`${name} images`, images),
    labels: filled(`${name} labels`, labels),
    count,
  });
  try {
    return await inErrorScopes(context, 'uploading the images', () => ({
      dataset,
      train: half('training', dataset.train),
      valid: half('validation', dataset.valid),
      users: 0,
    }));
  } catch (error) {
    for (const buffer of made) buffer.destroy();
    throw error;
  }
}

function free({ train, valid }: Resident): void {
  for (const { images, labels } of [train, valid]) {
    images.destroy();
    labels.destroy();
  }
}
