import { IMAGE_BYTES, type Dataset, type ImageSet } from '#domain/dataset.ts';
import type { Augmentation } from '#domain/experiment.ts';
import { augmentOf, cropReference } from '#kernels/gather/reference.ts';

/** A batch in CPU memory. */
export interface Batch {
  /** `[N, 32, 32, 3]`, normalized. */
  readonly images: Float32Array;
  /** `[N]`; -1 marks padding, which no prediction equals. */
  readonly labels: Int32Array;
  /** `[N, classes]`; all zero for padding. */
  readonly oneHot: Float32Array;
}

/** Assembles batches of one data set: the same pixels, crops and flips as the gather kernel. */
export class BatchAssembler {
  readonly #dataset: Dataset;
  readonly #classes: number;
  /** Normalized value of each byte, per channel: `table[channel * 256 + byte]`. */
  readonly #table = new Float32Array(3 * 256);

  constructor(dataset: Dataset, classes: number) {
    this.#dataset = dataset;
    this.#classes = classes;
    const { mean, deviation } = dataset.info;
    for (let i = 0; i < this.#table.length; i++) {
      const channel = Math.floor(i / 256);
      this.#table[i] = ((i % 256) / 255 - mean[channel]!) / deviation[channel]!;
    }
  }

  /** The training images `indices`; crops and flips are a pure function of seed, step and position. */
  training(
    indices: Uint32Array,
    augment: { readonly augmentation: Augmentation; readonly seed: number; readonly step: number },
  ): Batch {
    const { augmentation, seed, step } = augment;
    return this.#assemble(this.#dataset.train, indices.length, indices, (image, position) =>
      augmentation === 'none' ? image : cropReference(image, augmentOf(seed, step, position)),
    );
  }

  /** Images `first` to `end - 1` of a half, unchanged, padded to `size` images. */
  evaluation(half: 'train' | 'valid', first: number, end: number, size: number): Batch {
    const indices = Uint32Array.from({ length: Math.min(size, end - first) }, (_, i) => first + i);
    return this.#assemble(this.#dataset[half], size, indices, (image) => image);
  }

  #assemble(
    set: ImageSet,
    size: number,
    indices: Uint32Array,
    transform: (image: Uint8Array, position: number) => Uint8Array,
  ): Batch {
    const images = new Float32Array(size * IMAGE_BYTES);
    const labels = new Int32Array(size).fill(-1);
    const oneHot = new Float32Array(size * this.#classes);
    indices.forEach((index, position) => {
      const source = set.images.subarray(index * IMAGE_BYTES, (index + 1) * IMAGE_BYTES);
      const pixels = transform(source, position);
      const start = position * IMAGE_BYTES;
      for (let i = 0; i < IMAGE_BYTES; i++) images[start + i] = this.#table[(i % 3) * 256 + pixels[i]!]!;
      const label = set.labels[index]!;
      labels[position] = label;
      oneHot[position * this.#classes + label] = 1;
    });
    return { images, labels, oneHot };
  }
}
