import { IMAGE_BYTES, type Dataset } from '#domain/dataset.ts';

export interface SampleRequest {
  readonly half: 'train' | 'valid';
  /** Images to skip, counted after the filter. */
  readonly offset: number;
  readonly count: number;
  /** Only this class; undefined: all. */
  readonly label: number | undefined;
}

export interface SamplePage {
  readonly width: number;
  readonly height: number;
  /** `[count, H, W, 4]` RGBA. */
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly labels: readonly number[];
}

/** One page of a half, in its order; shorter at the end, empty beyond it. */
export function samplePage(dataset: Dataset, request: SampleRequest): SamplePage {
  const { images, labels, count } = dataset[request.half];
  const chosen: number[] = [];
  let toSkip = Math.max(0, request.offset);
  for (let i = 0; i < count && chosen.length < request.count; i++) {
    if (request.label !== undefined && labels[i] !== request.label) continue;
    if (toSkip-- > 0) continue;
    chosen.push(i);
  }
  const pixels = new Uint8ClampedArray(chosen.length * 32 * 32 * 4);
  let out = 0;
  for (const index of chosen) {
    for (let at = index * IMAGE_BYTES; at < (index + 1) * IMAGE_BYTES; at += 3) {
      pixels[out++] = images[at]!;
      pixels[out++] = images[at + 1]!;
      pixels[out++] = images[at + 2]!;
      pixels[out++] = 255;
    }
  }
  return { width: 32, height: 32, pixels, labels: chosen.map((index) => labels[index]!) };
}
