import type { Dataset, ImageSet } from '#domain/dataset.ts';
import { IMAGE_BYTES } from '#domain/dataset.ts';
import type { RunPlan } from '#domain/run.ts';
import { orderOf } from '#train/plan.ts';

/** What a bundle for PyTorch is made of. */
export interface RunBundleParts {
  readonly plan: RunPlan;
  /** That of the run. */
  readonly dataset: Dataset;
  /** Safetensors under torchvision's names. */
  readonly weights: Uint8Array;
  /** From step 0 on. */
  readonly losses: Float32Array;
  /** Milliseconds since 1970. */
  readonly now: number;
}

/** The .zip that continues a run in PyTorch, with the images of its first batches. */
export async function runBundle({
  plan,
  dataset,
  weights,
  losses,
  now,
}: RunBundleParts): Promise<Uint8Array<ArrayBuffer>> {
  // The script and the zip are only for those who ask.
  const { BUNDLE_STEPS, pytorchBundle } = await import('#export/pytorch/bundle.ts');
  const { title, hash, mean, deviation, classNames } = dataset.info;
  return pytorchBundle(
    {
      plan,
      dataset: { title, hash, mean, deviation, classes: classNames.length },
      weights,
      losses,
      sample: firstImages(plan, dataset.train, BUNDLE_STEPS),
    },
    now,
  );
}

/** Images of the first `steps` batches, not augmented, in the order of the steps. */
function firstImages(plan: RunPlan, train: ImageSet, steps: number): Pick<ImageSet, 'images' | 'labels'> {
  const { batchSize } = plan.experiment;
  const count = Math.min(steps, plan.totalSteps) * batchSize;
  const images = new Uint8Array(count * IMAGE_BYTES);
  const labels = new Uint8Array(count);
  let order = orderOf(plan, 0);
  for (let i = 0; i < count; i++) {
    const place = i % order.length;
    if (i > 0 && place === 0) order = orderOf(plan, i / order.length);
    const index = order[place]!;
    images.set(train.images.subarray(index * IMAGE_BYTES, (index + 1) * IMAGE_BYTES), i * IMAGE_BYTES);
    labels[i] = train.labels[index]!;
  }
  return { images, labels };
}
