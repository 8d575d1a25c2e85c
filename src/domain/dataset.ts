/** Bytes of one 32x32 RGB image, `[H, W, C]`. */
export const IMAGE_BYTES = 32 * 32 * 3;

/** What the set is called that the page draws by itself. */
export const BUILT_IN_TITLE = 'Built-in shapes and textures';

/** One half (training or validation) of a data set, in memory. */
export interface ImageSet {
  readonly count: number;
  /** `[N, 32, 32, 3]`, uint8, RGB. */
  readonly images: Uint8Array;
  /** `[N]`, class indices. */
  readonly labels: Uint8Array;
}

/** What the page may know of a data set: everything but the pixels. */
export interface DatasetInfo {
  /** Stable identity: 'built-in:0', 'cifar10', ... */
  readonly id: string;
  readonly title: string;
  readonly classNames: readonly string[];
  readonly trainCount: number;
  readonly validCount: number;
  /** Per channel, of pixels scaled to 0 … 1; what training subtracts and divides by. */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
  /** SHA-256 over pixels and labels of both halves, hexadecimal. */
  readonly hash: string;
  /** Images per class in the training half. */
  readonly trainHistogram: readonly number[];
  /** What the user should know: warnings, and where the data came from. */
  readonly notes: readonly string[];
  /** Where the data came from, such as a file's name or an address. */
  readonly source?: string;
  /** Terms of use, as far as they are known. */
  readonly licence?: string;
}

export interface Dataset {
  readonly info: DatasetInfo;
  readonly train: ImageSet;
  readonly valid: ImageSet;
}

/** Where a data set comes from. */
export type DatasetSource =
  | { readonly kind: 'built-in'; readonly seed?: number }
  /** An archive, loose files of one set, or a zip of images. */
  | { readonly kind: 'files'; readonly files: readonly File[] }
  /** A folder of images, one sub-folder per class; `path` counts from the folder. */
  | {
      readonly kind: 'images';
      readonly title: string;
      readonly files: readonly { readonly path: string; readonly file: File }[];
      /** Of the validation split. */
      readonly seed?: number;
    }
  /** CIFAR-10 over the network. */
  | { readonly kind: 'download' }
  /** One that is kept in this browser. */
  | { readonly kind: 'stored'; readonly hash: string };

/** A data set that is kept in this browser. */
export interface StoredDataset {
  readonly info: DatasetInfo;
  /** Milliseconds since 1970. */
  readonly savedAt: number;
  readonly byteLength: number;
}

export interface StorageUsage {
  /** Bytes of the data sets that are kept. */
  readonly datasetBytes: number;
  /** Bytes of this site in all, and its limit; undefined where the browser does not say. */
  readonly usage: number | undefined;
  readonly quota: number | undefined;
  /** Whether the browser may clear it by itself; undefined where it does not say. */
  readonly isPersistent: boolean | undefined;
}

/** What one half of a data set looks like in numbers. */
export interface HalfStatistics {
  /** Images per class. */
  readonly histogram: readonly number[];
  /** Per channel, of pixels scaled to 0 … 1, as they are (training may use published figures instead). */
  readonly mean: readonly [number, number, number];
  readonly deviation: readonly [number, number, number];
}
