import { IMAGE_BYTES, type DatasetInfo } from '#domain/dataset.ts';
import type { RunPlan } from '#domain/run.ts';
import { pytorchBundle } from '#export/pytorch/bundle.ts';
import type { SampleImages } from '#protocol/messages.ts';
import { firstBatches } from './runFiles.ts';

export interface BundleParts {
  readonly plan: RunPlan;
  readonly dataset: DatasetInfo;
  /** Safetensors of the run's initial weights. */
  readonly weights: Uint8Array;
  readonly losses: Float32Array;
  /** One training image by its index. */
  readonly image: (index: number) => Promise<SampleImages>;
}

/** The bundle that continues in PyTorch from a run's initial weights, with the images of its first batches. */
export async function bundle({
  plan,
  dataset: { title, hash, mean, deviation, classNames },
  weights,
  losses,
  image,
}: BundleParts): Promise<Uint8Array<ArrayBuffer>> {
  const indices = firstBatches(plan).flat();
  const images = new Uint8Array(indices.length * IMAGE_BYTES);
  const labels = new Uint8Array(indices.length);
  const { batchSize } = plan.experiment;
  for (let from = 0; from < indices.length; from += batchSize) {
    // One image a request, since the order jumps; a batch of requests at once.
    const found = await Promise.all(indices.slice(from, from + batchSize).map(image));
    for (const [i, page] of found.entries()) {
      images.set(withoutAlpha(page.pixels), (from + i) * IMAGE_BYTES);
      labels[from + i] = page.labels[0]!;
    }
  }
  const dataset = { title, hash, mean, deviation, classes: classNames.length };
  return pytorchBundle({ plan, dataset, weights, losses, sample: { images, labels } }, Date.now());
}

/** `[count, H, W, 4]` to `[count, H, W, 3]`. */
function withoutAlpha(pixels: Uint8ClampedArray): Uint8Array {
  return Uint8Array.from(
    { length: (pixels.length / 4) * 3 },
    (_, i) => pixels[Math.floor(i / 3) * 4 + (i % 3)]!,
  );
}
